import {
  CapacityService,
  ListHostLoadsResponseSchema,
  ListServiceLoadsResponseSchema,
} from "@msec/api/console/v1/capacity_pb.js";
import type { Command } from "commander";
import type { OperatorApi } from "../api/operator-client.ts";
import type { CommandContext } from "../context.ts";
import { messageJson } from "../output/message-json.ts";
import { formatBytes } from "../output/quantity.ts";
import { type CapacityOptions, capacityTools } from "./capacity-tools.ts";
import { wholeNumber } from "./limits-options.ts";

type Options = CapacityOptions & { readonly hosts?: boolean; readonly above?: string };

/** `msec capacity list`: the load of each service, or of each host. */
export function addLoadCommand(capacity: Command, context: CommandContext): void {
  const { messages } = context;
  const { apiOf, print, printTable } = capacityTools(context);

  capacity
    .command("list", { isDefault: true })
    .description(messages.capacityListDescription)
    .option("--hosts", messages.optionByHost)
    .option("--above <percent>", messages.optionAbove)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => {
      const { hosts, above, json } = command.optsWithGlobals() as Options;
      const abovePercent = above === undefined ? 0 : wholeNumber("--above", above, 0, 100, messages);
      const list = hosts ? listHosts : listServices;
      await list(apiOf(command), abovePercent, json === true);
    });

  async function listServices(api: OperatorApi, abovePercent: number, json: boolean): Promise<void> {
    const answer = await api.client(CapacityService).listServiceLoads({ abovePercent });
    if (json) return print(messageJson(ListServiceLoadsResponseSchema, answer));
    const columns = [
      { heading: messages.headingService },
      { heading: messages.headingLoadPercent, align: "right" as const },
      { heading: messages.headingInstances, align: "right" as const },
      { heading: messages.headingRouted, align: "right" as const },
      { heading: messages.headingReporting, align: "right" as const },
      { heading: messages.headingCpu, align: "right" as const },
      { heading: messages.headingMemory, align: "right" as const },
      { heading: messages.headingInFlight, align: "right" as const },
    ];
    const rows = answer.services.map((load) => [
      load.service,
      `${Math.round(load.loadPercent)} %`,
      String(load.instances),
      load.inTables === load.inRouting ? String(load.inRouting) : `${load.inTables}/${load.inRouting}`,
      String(load.reporting),
      `${Math.round(load.cpuPercent)} %`,
      formatBytes(load.memoryBytes),
      String(load.inFlight),
    ]);
    printTable(columns, rows);
  }

  async function listHosts(api: OperatorApi, abovePercent: number, json: boolean): Promise<void> {
    const answer = await api.client(CapacityService).listHostLoads({ abovePercent });
    if (json) return print(messageJson(ListHostLoadsResponseSchema, answer));
    const columns = [
      { heading: messages.headingName },
      { heading: messages.headingAddress },
      { heading: messages.headingCpu, align: "right" as const },
      { heading: messages.headingMemory, align: "right" as const },
      { heading: messages.headingDisk, align: "right" as const },
      { heading: messages.headingNetwork, align: "right" as const },
      { heading: messages.headingInstances, align: "right" as const },
    ];
    const rows = answer.hosts.map(({ host, cpuPercent, memoryPercent, diskPercent, instances, inRouting }) => [
      host?.name ?? "",
      host?.address ?? "",
      `${Math.round(cpuPercent)} %`,
      `${Math.round(memoryPercent)} %`,
      `${Math.round(diskPercent)} %`,
      `${formatBytes((host?.networkReceiveRate ?? 0) + (host?.networkTransmitRate ?? 0))}/s`,
      `${inRouting}/${instances}`,
    ]);
    printTable(columns, rows);
  }
}
