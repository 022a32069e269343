import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BATCH_ROWS, type Line, lineOf } from "./rows.ts";
import { type MeasuredStore, openOurs, openSqlite } from "./stores.ts";

const usage = "npm run bench -- logs [--rows 1000000] [--only msec|sqlite] [--repeats 9]";
const { rows: rowsText, only, repeats: repeatsText } = readArguments();
const rows = Number(rowsText);
const repeats = Number(repeatsText);
if (!(rows >= BATCH_ROWS && rows <= 100_000_000)) fail(`--rows ${rowsText} must be ${BATCH_ROWS}…100000000`);
if (!(repeats >= 1 && repeats <= 100)) fail(`--repeats ${repeatsText} must be 1…100`);

// The day that ends ten minutes ago: a store refuses what is older than it keeps, or ahead of its clock.
const startUs = (Date.now() - 600_000) * 1_000 - 86_400_000_000;
const endUs = startUs + 86_400_000_000;

console.log(
  `${rows} log lines over a day, about 120 bytes of text and three fields each, in batches of ${BATCH_ROWS}; medians (and least) of ${repeats}, load ${loadavg()[0]!.toFixed(0)} on ${cpus().length} processors\n`,
);
console.log(
  "| | rows/s in | rows in a processor second | bytes/row | by trace id, ms | last 100 errors, ms | substring in an hour, ms | per minute and level of a day, ms |",
);
console.log("|---|---|---|---|---|---|---|---|");
if (only === undefined || only === "msec") await measure("msec", openOurs);
if (only === undefined || only === "sqlite") await measure("sqlite", async (directory) => openSqlite(directory));

async function measure(name: string, open: (directory: string) => Promise<MeasuredStore>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `msec-bench-${name}-`));
  try {
    const store = await open(directory);
    try {
      const { perSecond, perCpuSecond } = await fill(store);
      const bytes = (await store.settle()) / rows;
      // Each time another request, service, word: an answer that is remembered measures nothing.
      const trace = await median((turn) => store.byTrace(lineOf(someIndex(turn), rows, startUs)));
      const errors = await median((turn) =>
        store.lastErrors(["Flight.mod_flight", "Pay.order", "Login.mod_user"][turn % 3]!),
      );
      const hour = await median((turn) => {
        const fromUs = startUs + (turn % 23) * 3_600_000_000;
        return store.substring(`units, reference ${turn}z`, fromUs, fromUs + 3_600_000_000);
      });
      const histogram = await median(() => store.histogram(startUs, endUs));
      const rates = [perSecond, perCpuSecond].map((rate) => Math.round(rate).toLocaleString("en"));
      const cells = [...rates, bytes.toFixed(0), trace, errors, hour, histogram];
      console.log(`| ${store.name} | ${cells.join(" | ")} |`);
    } finally {
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns rows a second, without the time that making them takes */
async function fill(store: MeasuredStore): Promise<{ perSecond: number; perCpuSecond: number }> {
  let insertMs = 0;
  let cpuMs = 0;
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const lines: Line[] = [];
    for (let index = from; index < Math.min(rows, from + BATCH_ROWS); index++) lines.push(lineOf(index, rows, startUs));
    const began = performance.now();
    const beganCpuMs = store.cpuMs();
    await store.insert(lines);
    insertMs += performance.now() - began;
    cpuMs += store.cpuMs() - beganCpuMs;
  }
  return { perSecond: (rows / insertMs) * 1_000, perCpuSecond: (rows / cpuMs) * 1_000 };
}

function someIndex(turn: number): number {
  return Math.floor(((turn + 1) * 0.618_033_988_75 * rows) % rows);
}

async function median(ask: (turn: number) => Promise<number>): Promise<string> {
  await ask(repeats);
  const times: number[] = [];
  for (let turn = 0; turn < repeats; turn++) {
    const began = performance.now();
    await ask(turn);
    times.push(performance.now() - began);
  }
  times.sort((left, right) => left - right);
  return `${times[Math.floor(times.length / 2)]!.toFixed(1)} (${times[0]!.toFixed(1)})`;
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        rows: { type: "string", default: "1000000" },
        only: { type: "string" },
        repeats: { type: "string", default: "9" },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(message: string): never {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}
