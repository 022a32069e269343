import assert from "node:assert/strict";
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

/** Whether that is what the client says of a call that reached an instance and was not answered in its time. */
export function isUnanswered(message: string): boolean {
  return /: no answer in \d+ ms$/.test(message);
}

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

/**
 * Do what no caller may notice. Where calls were not answered in their time and nothing else failed it is done again, twice at most: a busy machine leaves a call
 * unanswered now and then, what loses calls loses some each time.
 *
 * @param operation  answers since when no query may have failed
 * @throws AssertionError with what failed
 */
export async function assertUnnoticed(system: TestSystem, operation: () => Promise<number>): Promise<void> {
  for (let left = 2; ; left--) {
    const failed = failedQueries(system, await operation());
    if (left === 0 || failed.length === 0 || failed.some(({ message }) => !isUnanswered(message))) {
      assert.deepEqual(failed, [], "nobody noticed");
      return;
    }
  }
}
