import { toJson } from "@bufbuild/protobuf";
import { type Host, ListHostsResponseSchema, RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState } from "../context.ts";
import { formatBytes, formatUptime } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

/** `msec hosts`: every host and what its agent last reported. */
export const addHostsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("hosts")
    .description(messages.hostsDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const response = await api.client(RegistryService).listHosts({});
      if (options.json) {
        terminal.out(JSON.stringify(toJson(ListHostsResponseSchema, response, { alwaysEmitImplicit: true }), null, 2));
      } else if (response.hosts.length === 0) {
        terminal.out(messages.noHosts);
      } else {
        const lines = tableLines(
          [
            { heading: messages.headingName },
            { heading: messages.headingAddress },
            { heading: messages.headingAgent },
            { heading: messages.headingLoad, align: "right" },
            { heading: messages.headingMemory, align: "right" },
            { heading: messages.headingRoutes },
          ],
          response.hosts.map((host) => hostTexts(host, response.routeVersion)),
        );
        for (const line of lines) terminal.out(line);
      }
    });

  function hostTexts(host: Host, routeVersion: bigint): string[] {
    const used = host.memoryTotalBytes - host.memoryAvailableBytes;
    return [
      host.name,
      host.address,
      host.connected
        ? style.good(messages.connected)
        : style.bad(messages.disconnected(formatUptime(Date.now() - host.lastSeenMs))),
      host.load1m.toFixed(2),
      `${formatBytes(used)} / ${formatBytes(host.memoryTotalBytes)}`,
      host.appliedRouteVersion >= routeVersion
        ? messages.routesCurrent
        : style.warn(messages.routesBehind(String(host.appliedRouteVersion), String(routeVersion))),
    ];
  }
};
