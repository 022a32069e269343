import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestSystem } from "./system.ts";

/** A query of the traffic source that failed. */
export interface FailedQuery {
  readonly timeMs: number;
  readonly message: string;
}

/** What an instance answers that a busy machine has kept from its calls; what becomes of them no operation and no kill has to do with. */
const shed = /overloaded: calls wait|waited longer than msg_timeout/;

/** What the traffic source itself saw fail since a time: lines of its own log. Without what was refused because this machine is busy. */
export function failedQueries(system: TestSystem, fromMs: number): FailedQuery[] {
  const directory = join(system.state, "root/Flight/traffic/log");
  return readdirSync(directory)
    .flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n"))
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { time: string; msg: string; error?: { message: string } })
    .filter(({ msg, time }) => msg === "query failed" && Date.parse(time) >= fromMs)
    .map(({ time, error }) => ({ timeMs: Date.parse(time), message: error?.message ?? "" }))
    .filter(({ message }) => !shed.test(message));
}
