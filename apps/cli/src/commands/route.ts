import { setTimeout as delay } from "node:timers/promises";
import { stopSignal, UserError } from "@msec/process";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { askAgent, type RouteTableAnswer, type ServicesAnswer } from "../route/ask-agent.ts";
import { routeLines } from "../route/route-lines.ts";
import type { AddCommand } from "./command.ts";

type RouteOptions = GlobalOptions & { json?: boolean; watch?: boolean };

const WATCH_EVERY_MS = 1_000;
// To the upper left, and from there: lines are cleared as they are written over, which does not flicker as clearing the screen does.
const HOME = "\u001b[H";
const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_ALL = "\u001b[2J";
// A line that is too long is cut, not continued: the ones below would move.
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";

/** `msec route [service] [--watch]`, `msec route get <service>`: where calls go from this host, and why. */
export const addRouteCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
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
        await watch(state, service, options);
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

  async function watch(state: string, service: string, options: RouteOptions): Promise<void> {
    // The first answer says whether there is such a service at all; after that whatever happens is shown and waited for.
    let table: RouteTableAnswer | undefined = await tableOf(state, service);
    let problem = "";
    using stopping = stopSignal(() => process.exit(1));
    const draws = terminal.interactive && !options.json;
    if (draws) terminal.out(CLEAR_ALL + WRAP_OFF);
    while (!stopping.signal.aborted) {
      show(table, problem, options);
      await delay(WATCH_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
      try {
        if (!stopping.signal.aborted) table = await tableOf(state, service);
        problem = "";
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problem = error.message;
      }
    }
    if (draws) terminal.out(WRAP_ON);
  }

  function show(table: RouteTableAnswer, problem: string, { json }: RouteOptions): void {
    if (json) {
      terminal.out(JSON.stringify(problem === "" ? table : { problem }));
      return;
    }
    const head = `${new Date().toLocaleTimeString("en-GB")}  ${problem === "" ? style.faint(messages.routeWatching) : style.bad(problem)}`;
    const lines = [head, ...routeLines(table, context), ""];
    if (terminal.interactive) {
      const fitting = fitRows(lines, process.stdout.rows);
      terminal.out(`${HOME}${fitting.map((line) => `${line}${CLEAR_TO_LINE_END}`).join("\n")}${CLEAR_BELOW}`);
    } else {
      for (const line of lines) terminal.out(line);
    }
  }

  function fitRows(lines: readonly string[], rows: number): readonly string[] {
    if (lines.length < rows) return lines;
    const shown = Math.max(1, rows - 2);
    return [...lines.slice(0, shown), messages.routeMore(lines.length - shown)];
  }
};
