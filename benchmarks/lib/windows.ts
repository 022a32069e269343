import { createInterface } from "node:readline";
import { type Connection, closedLoop } from "./closed-loop.ts";
import { type OpenLoopResult, openLoop } from "./open-loop.ts";
import { type StartedProgram, startProgram } from "./pinned.ts";

/** A client that stays connected and measures a window of time whenever it is asked to, so that windows of several can take turns. */
export interface WindowClient {
  /** Calls a second with `outstanding` under way on each connection. */
  closed(outstanding: number, measureMs: number): Promise<number>;
  open(ratePerSecond: number, measureMs: number): Promise<OpenLoopResult>;
  stop(): Promise<void>;
}

/**
 * Start a client that was written with {@link serveWindows}, or answers the same lines, pinned to one processor.
 *
 * @throws Error with its output when it ends or stays silent for 20 s.
 */
export async function startWindowClient(cpu: number, command: readonly string[]): Promise<WindowClient> {
  const program: StartedProgram = await startProgram(cpu, [...command, "--windows", "on"]);
  const ask = async (line: string): Promise<unknown> => JSON.parse(await program.ask(line));
  return {
    closed: async (outstanding, measureMs) =>
      ((await ask(`closed ${outstanding} ${measureMs}`)) as { callsPerSecond: number }).callsPerSecond,
    open: async (ratePerSecond, measureMs) => (await ask(`open ${ratePerSecond} ${measureMs}`)) as OpenLoopResult,
    stop: () => program.stop(),
  };
}

/**
 * Say that the connections are there, then answer each line of standard input with one of JSON until it ends:
 * `closed <outstanding> <milliseconds>` with `{callsPerSecond}`, `open <calls a second> <milliseconds>` with an {@link OpenLoopResult}.
 */
export async function serveWindows<Answer>(connections: readonly Connection<Answer>[]): Promise<void> {
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const [kind, figure, milliseconds] = line.split(" ");
    const result =
      kind === "closed"
        ? await closedWindow(connections, Number(figure), Number(milliseconds))
        : await openLoop(connections, Number(figure), Number(milliseconds));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

async function closedWindow<Answer>(
  connections: readonly Connection<Answer>[],
  outstanding: number,
  measureMs: number,
): Promise<{ callsPerSecond: number }> {
  const rest = [...connections];
  const { callsPerSecond } = await closedLoop({
    // They stay for the next window.
    connect: async () => ({ ...(rest.pop() as Connection<Answer>), close() {} }),
    connections: connections.length,
    outstanding,
    warmupMs: 0,
    measureMs,
  });
  return { callsPerSecond };
}
