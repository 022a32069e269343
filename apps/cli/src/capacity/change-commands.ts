import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { type CapacityOptions, capacityTools } from "./capacity-tools.ts";
import { findInstances } from "./find-instances.ts";
import { type ChangeOptions, changeRequest, startOperation } from "./start-operation.ts";

type Options = CapacityOptions & ChangeOptions & { readonly wait?: boolean };

/** `msec capacity in`, `out`, `stop`, `start`, `restart` and `reload`: operations on instances, which wait until they are done with `--wait`. */
export function addChangeCommands(capacity: Command, context: CommandContext): void {
  const { messages } = context;
  const { apiOf } = capacityTools(context);

  addChange("in", OperationKind.IN, messages.capacityInDescription);
  addChange("out", OperationKind.OUT, messages.capacityOutDescription);
  addChange("stop", OperationKind.STOP, messages.capacityStopDescription);
  addChange("start", OperationKind.START, messages.capacityStartDescription);
  addChange("restart", OperationKind.RESTART, messages.capacityRestartDescription);
  addChange("reload", OperationKind.RELOAD, messages.capacityReloadDescription);

  function addChange(name: string, kind: OperationKind, description: string): void {
    const command = capacity
      .command(name)
      .description(description)
      .argument("<ip:port...>", messages.capacityInstances)
      .option("--wait", messages.optionWait)
      .option("--timeout <seconds>", messages.optionStepTimeout)
      .option("--json", messages.optionJson);
    // These two take nothing out of routing.
    if (kind !== OperationKind.START && kind !== OperationKind.RELOAD) command.option("--force", messages.optionForce);
    if (kind === OperationKind.RESTART || kind === OperationKind.RELOAD)
      command.option("--batch <n>", messages.optionBatch);
    command.action(async (addresses: string[], _options, self: Command) => {
      const options = self.optsWithGlobals() as Options;
      const request = { kind, ...changeRequest(options, messages) };
      const api = apiOf(self);
      const instances = await findInstances(api, addresses, messages);
      const { wait = false, json = false } = options;
      await startOperation(api, request, instances, { wait, json }, context);
    });
  }
}
