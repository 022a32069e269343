import {
  type Host,
  HostSchema,
  ListHostsResponseSchema,
  RegistryService,
  RouteState,
} from "@msec/api/console/v1/registry_pb.js";
import type { Command } from "commander";
import { findHost } from "../api/find-host.ts";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState } from "../context.ts";
import { messageJson } from "../output/message-json.ts";
import { formatBytes, formatUptime } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

/** `msec hosts`: every host, what its agent last reported, and whether it has the routes; `zone` and `remove` change hosts. */
export const addHostsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  const hosts = program.command("hosts");
  const apiOf = (command: Command) =>
    openOperatorApi(getState(context, command.optsWithGlobals() as GlobalOptions), messages);

  hosts
    .command("zone")
    .description(messages.hostsZoneDescription)
    .argument("<host>", messages.hostArgument)
    .argument("[zone]", messages.zoneArgument, "")
    .option("--json", messages.optionJson)
    .action(async (name: string, zone: string, _options, command: Command) => {
      const api = apiOf(command);
      const { id } = await findHost(api, name, messages);
      const { host } = await api.client(RegistryService).setHostZone({ hostId: id, zone });
      if (host === undefined) return;
      const isJson = (command.optsWithGlobals() as { json?: boolean }).json === true;
      if (isJson) terminal.out(JSON.stringify(messageJson(HostSchema, host), null, 2));
      else terminal.out(messages.zoneSet(host.name, host.zone));
    });

  hosts
    .command("remove")
    .description(messages.hostsRemoveDescription)
    .argument("<host>", messages.hostArgument)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const api = apiOf(command);
      const { id } = await findHost(api, name, messages);
      await api.client(RegistryService).removeHost({ hostId: id });
      if ((command.optsWithGlobals() as { json?: boolean }).json) terminal.out(JSON.stringify({ removed: name }));
      else terminal.out(messages.hostRemoved(name));
    });

  hosts
    .description(messages.hostsDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const response = await api.client(RegistryService).listHosts({});
      if (options.json) {
        terminal.out(JSON.stringify(messageJson(ListHostsResponseSchema, response), null, 2));
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
            { heading: messages.headingZone },
            { heading: messages.headingRoutes },
          ],
          response.hosts.map((host) => hostTexts(host, response.routeVersion)),
        );
        for (const line of lines) terminal.out(line);
        for (const line of routeLines(response.hosts, response.routeVersion)) terminal.out(line);
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
      host.zone === "" ? style.faint("–") : host.zone,
      host.routeState === RouteState.CURRENT
        ? messages.routesCurrent
        : style.warn(messages.routesBehind(String(host.appliedRouteVersion), String(routeVersion))),
    ];
  }

  /** "17 of 18 hosts have applied route version 812", and who has not. */
  function routeLines(all: readonly Host[], routeVersion: bigint): string[] {
    const applied = all.filter(({ routeState }) => routeState === RouteState.CURRENT).length;
    const lines = [messages.routesSummary(applied, all.length, String(routeVersion))];
    for (const { name, routeState, routeBehindSinceMs, routeProblem } of all) {
      const seconds = Math.max(0, Math.round((Date.now() - routeBehindSinceMs) / 1000));
      if (routeState === RouteState.BEHIND) lines.push(style.warn(messages.routesBehindSince(name, seconds)));
      if (routeState === RouteState.DIFFERENT) lines.push(style.bad(messages.routesDiffer(name, routeProblem)));
    }
    return lines;
  }
};
