import { setTimeout as delay } from "node:timers/promises";
import { connect } from "@msec/service";
import { lineOf } from "./rows.ts";

// A program that writes lines at a steady rate for some seconds: `node writer.ts <lines a second> <seconds>`, with its name, agent and
// configuration in MSEC_SERVICE, MSEC_AGENT and MSEC_CONFIG. It prints how many it wrote when it has handed them over.

const [rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const connection = connect();
// The first batch is taken when the process is registered.
await delay(1_000);
const began = performance.now();
let written = 0;
while (written < rate * seconds) {
  const due = Math.min(rate * seconds, Math.floor(((performance.now() - began) / 1_000) * rate));
  for (; written < due; written++) {
    const { text, fields } = lineOf(written, rate * seconds, 0);
    connection.log.remote.info(text, fields);
  }
  await delay(5);
}
const lasted = performance.now() - began;
await connection.close({ graceMs: 60_000 });
process.stdout.write(`${JSON.stringify({ written, lastedMs: Math.round(lasted) })}\n`);
