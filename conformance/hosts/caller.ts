import { createInterface } from "node:readline";
import { connect } from "@msec/service";
import { WorkService } from "./gen/work_pb.js";

/** What became of the calls that began within one tenth of a second, or as long as the caller was told; one line of JSON each on standard output. */
export interface Tenth {
  /** Milliseconds since 1970 UTC at which it began. */
  at: number;
  ok: number;
  failed: number;
  /** Answered calls by instance. */
  by: Record<string, number>;
  /** The slowest answer, milliseconds. */
  slowestMs: number;
  /** The first failure's message. */
  failure: string;
}

// Calls a service by name so many times a second, whatever becomes of the calls: who waits for answers before calling on measures a system that is kinder than
// its users are. Ends when its input does.
const [service = "", ...numbers] = process.argv.slice(2);
const [rate = 1, timeoutMs = 2_000, binMs = 100] = numbers.map(Number);
const connection = connect({ name: "Test.caller" });
const work = connection.call(WorkService, service, { timeoutMs });
const tenths = new Map<number, Tenth & { open: number }>();
const periodMs = Math.max(5, 1_000 / rate);
const startMs = performance.now();
let begun = 0;

function tenthOf(nowMs: number) {
  const at = Math.floor(nowMs / binMs) * binMs;
  let tenth = tenths.get(at);
  if (tenth === undefined) {
    tenth = { at, ok: 0, failed: 0, by: {}, slowestMs: 0, failure: "", open: 0 };
    tenths.set(at, tenth);
  }
  return tenth;
}

async function callOnce(): Promise<void> {
  const tenth = tenthOf(Date.now());
  const beganMs = performance.now();
  tenth.open++;
  try {
    const { instance } = await work.work({});
    tenth.ok++;
    tenth.by[instance] = (tenth.by[instance] ?? 0) + 1;
    tenth.slowestMs = Math.max(tenth.slowestMs, performance.now() - beganMs);
  } catch (error) {
    tenth.failed++;
    tenth.failure ||= error instanceof Error ? error.message : String(error);
  }
  tenth.open--;
}

const calling = setInterval(() => {
  const due = Math.floor(((performance.now() - startMs) / 1_000) * rate);
  for (; begun < due; begun++) void callOnce();
}, periodMs);

// A tenth is told when it is over and all of its calls have ended, in order.
setInterval(() => {
  for (const [at, tenth] of tenths) {
    if (at + binMs > Date.now() || tenth.open > 0) break;
    const { open, ...told } = tenth;
    process.stdout.write(`${JSON.stringify(told)}\n`);
    tenths.delete(at);
  }
}, binMs / 2);

createInterface({ input: process.stdin }).on("close", async () => {
  clearInterval(calling);
  await connection.close();
  process.exit(0);
});
