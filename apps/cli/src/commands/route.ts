import { type GlobalOptions, getState, usageError } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { watch } from "../output/watch.ts";
import { askAgent, type RouteTableAnswer, type ServicesAnswer } from "../route/ask-agent.ts";
import { routeLines } from "../route/route-lines.ts";
import type { AddCommand } from "./command.ts";

type RouteOptions = GlobalOptions & { json?: boolean; watch?: boolean };

const WATCH_EVERY_MS = 1_000;

/** `msec route [service] [--watch]`, `msec route get <service>`: where calls go from this host, and why. */
export const addRouteCommand: AddCommand = (program, context) => {
  const { messages, terminal } = context;
  const route = program
    .command("route")
    .description(messages.routeDescription)
    .argument("[service]", messages.callService)
    .option("--watch", messages.routeWatch)
    .option("--json", messages.optionJson)
    .action(async (service: string | undefined, _options, command) => {
      const options = command.optsWithGlobals() as RouteOptions;
      const state = getState(context, options);
      if (service === undefined) {
        if (options.watch) throw usageError(messages.routeWatchWhat);
        printServices(await askAgent<ServicesAnswer>(state, messages, "GET /v1/services"), options);
      } else if (options.watch) {
        await watch(context, {
          everyMs: WATCH_EVERY_MS,
          note: messages.routeWatching,
          read: () => tableOf(state, service),
          lines: (table) => routeLines(table, context),
          json: options.json ? (table) => table : undefined,
        });
      } else {
        print(await tableOf(state, service), options);
      }
    });
  route
    .command("get")
    .description(messages.routeGetDescription)
    .argument("<service>", messages.callService)
    .option("--json", messages.optionJson)
    .action(async (service: string, _options, command) => {
      const options = command.optsWithGlobals() as RouteOptions;
      const chosen = await askAgent<{ handle: string; address: string; port: number; transport: string }>(
        getState(context, options),
        messages,
        "POST /v1/getroute",
        { service },
      );
      if (options.json) terminal.out(JSON.stringify(chosen, null, 2));
      else terminal.out(`${chosen.address.includes(":") ? `[${chosen.address}]` : chosen.address}:${chosen.port}`);
    });

  function tableOf(state: string, service: string): Promise<RouteTableAnswer> {
    return askAgent(state, messages, `GET /v1/table?service=${encodeURIComponent(service)}`);
  }

  function print(table: RouteTableAnswer, { json }: RouteOptions): void {
    if (json) terminal.out(JSON.stringify(table, null, 2));
    else for (const line of routeLines(table, context)) terminal.out(line);
  }

  function printServices(answer: ServicesAnswer, { json }: RouteOptions): void {
    if (json || answer.services.length === 0) {
      terminal.out(json ? JSON.stringify(answer, null, 2) : messages.noServices);
      return;
    }
    const lines = tableLines(
      [
        { heading: messages.headingService },
        { heading: messages.headingRouted, align: "right" },
        { heading: messages.headingVersion, align: "right" },
      ],
      answer.services.map(({ service, instances, version }) => [service, String(instances), String(version)]),
    );
    for (const line of lines) terminal.out(line);
  }
};
