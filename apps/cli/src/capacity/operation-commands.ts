import {
  CapacityService,
  ListOperationsResponseSchema,
  OperationKind,
  PushRoutesResponseSchema,
} from "@msec/api/console/v1/capacity_pb.js";
import type { Command } from "commander";
import { findHost } from "../api/find-host.ts";
import type { CommandContext } from "../context.ts";
import { localTime } from "../output/local-time.ts";
import { messageJson } from "../output/message-json.ts";
import { type CapacityOptions, capacityTools } from "./capacity-tools.ts";
import { followOperation, operationJson, stateWord } from "./follow-operation.ts";

/** `msec capacity operations`, `watch`, `cancel` and `push`: what runs and what ran, and routes sent to hosts once more. */
export function addOperationCommands(capacity: Command, context: CommandContext): void {
  const { messages, terminal } = context;
  const { apiOf, print, printTable, wantsJson } = capacityTools(context);

  capacity
    .command("operations")
    .description(messages.capacityOperationsDescription)
    .option("--service <name>", messages.optionOfService)
    .option("--running", messages.optionRunning)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals() as CapacityOptions & { service?: string; running?: boolean };
      const request = { service: options.service ?? "", running: options.running === true };
      const answer = await apiOf(command).client(CapacityService).listOperations(request);
      if (options.json) return print(messageJson(ListOperationsResponseSchema, answer));
      if (answer.operations.length === 0) return terminal.out(messages.noOperations);
      const columns = [
        { heading: messages.headingOperation },
        { heading: messages.headingKind },
        { heading: messages.headingState },
        { heading: messages.headingStarted },
        { heading: messages.headingSummary },
      ];
      const rows = answer.operations.map(({ id, kind, state, startedMs, summary }) => [
        id,
        kindWord(kind),
        stateWord(state, messages),
        localTime(startedMs),
        summary,
      ]);
      printTable(columns, rows);
    });

  capacity
    .command("watch")
    .description(messages.capacityWatchDescription)
    .argument("<operation>", messages.capacityOperation)
    .option("--json", messages.optionJson)
    .action(async (id: string, _options, command: Command) => {
      await followOperation(apiOf(command), id, context, wantsJson(command));
    });

  capacity
    .command("cancel")
    .description(messages.capacityCancelDescription)
    .argument("<operation>", messages.capacityOperation)
    .option("--json", messages.optionJson)
    .action(async (id: string, _options, command: Command) => {
      const { operation } = await apiOf(command).client(CapacityService).cancelOperation({ id });
      if (operation === undefined) return;
      if (wantsJson(command)) print(operationJson(operation));
      else terminal.out(operation.summary);
    });

  capacity
    .command("push")
    .description(messages.capacityPushDescription)
    .argument("[host...]", messages.capacityHosts)
    .option("--json", messages.optionJson)
    .action(async (names: string[], _options, command: Command) => {
      const api = apiOf(command);
      const hostIds: string[] = [];
      for (const name of names) hostIds.push((await findHost(api, name, messages)).id);
      const answer = await api.client(CapacityService).pushRoutes({ hostIds });
      if (wantsJson(command)) print(messageJson(PushRoutesResponseSchema, answer));
      else terminal.out(messages.pushed(answer.hostsConnected, answer.hostsWaiting));
    });

  function kindWord(kind: OperationKind): string {
    switch (kind) {
      case OperationKind.IN:
        return messages.operationKindIn;
      case OperationKind.OUT:
        return messages.operationKindOut;
      case OperationKind.STOP:
        return messages.operationKindStop;
      case OperationKind.START:
        return messages.operationKindStart;
      case OperationKind.RELOAD:
        return messages.operationKindReload;
      default:
        return messages.operationKindRestart;
    }
  }
}
