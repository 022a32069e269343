import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CommandLine } from "../lib/command-line.ts";
import { formatMachineSpeed, machineSpeed } from "../lib/machine-speed.ts";
import { endToEnd } from "./end-to-end.ts";
import { ownCpuMs } from "./processor-time.ts";
import { type Line, lineOf } from "./rows.ts";
import { type MeasuredStore, openOurs, openSqlite, type Prepared } from "./stores.ts";

const line = new CommandLine(
  "npm run bench -- logs",
  `A day of log lines: in, on disk, and four questions, beside SQLite and DuckDB. With --end-to-end: from programs through agent
and server into the store.`,
  {
    rows: { about: "lines, 10000…100000000", default: "1000000" },
    batch: { about: "lines of one insert, 1000…200000", default: "50000" },
    only: { about: "msec, sqlite or duckdb alone" },
    repeats: {
      about: "how often each question is asked, 1…100; three times are enough for one that takes ten seconds",
      default: "15",
    },
    "end-to-end": { about: "measure the whole way; the following are for it", flag: true },
    rate: { about: "lines a second, 100…1000000", default: "60000" },
    processes: { about: "programs that write them, 1…64", default: "4" },
    seconds: { about: "how long, 1…600", default: "20" },
  },
);
const { values } = line;
const stores: Record<string, (directory: string) => Promise<MeasuredStore>> = {
  msec: openOurs,
  sqlite: async (directory) => openSqlite(directory),
  // By a name that the type checker does not follow: peers are there only where benchmarks were run.
  duckdb: async (directory) => {
    const peer: string = "./peers/duckdb.ts";
    const { openDuckdb } = (await import(peer)) as { openDuckdb(directory: string): Promise<MeasuredStore> };
    return await openDuckdb(directory);
  },
};
/** A question is asked less often than wished for where that takes longer than this, but at least `repeatsMin` times. */
const questionMaxMs = 30_000;
const repeatsMin = 3;

const rows = line.integer("rows", 10_000, 100_000_000);
const batchRows = line.integer("batch", 1_000, 200_000);
const repeats = line.integer("repeats", 1, 100);
if (values.only !== undefined && stores[values.only] === undefined)
  line.refuse(`--only ${values.only}: there are ${Object.keys(stores).join(", ")}`);

if (values["end-to-end"]) {
  await endToEnd({
    rate: line.integer("rate", 100, 1_000_000),
    processes: line.integer("processes", 1, 64),
    seconds: line.integer("seconds", 1, 600),
  });
} else {
  // The day that ends ten minutes ago: a store refuses what is older than it keeps, or ahead of its clock.
  const startUs = (Date.now() - 600_000) * 1_000 - 86_400_000_000;
  console.log(
    `${rows} log lines over a day, about 120 bytes of text and three fields each, in batches of ${batchRows}; medians (and least) of ${repeats}; the machine: ${formatMachineSpeed(machineSpeed())} ms for 20 million rounds of a hash and for 64 MiB, load ${loadavg()[0]!.toFixed(0)} on ${cpus().length} processors\n`,
  );
  console.log(
    "| | rows/s in | rows in a processor second | bytes/row | by trace id, ms | last 100 errors, ms | substring in an hour, ms | per minute and level of a day, ms | memory of the store, MiB | the machine beside it, ms |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|---|");
  for (const [name, open] of Object.entries(stores)) {
    if (values.only === undefined || values.only === name) await measure(name, open, startUs);
  }
  console.log(`\nload at the end ${loadavg()[0]!.toFixed(0)}`);
}

async function measure(
  name: string,
  open: (directory: string) => Promise<MeasuredStore>,
  startUs: number,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `msec-bench-${name}-`));
  try {
    const store = await open(directory);
    try {
      const { perSecond, perCpuSecond } = await fill(store, startUs);
      const bytes = (await store.settle()) / rows;
      const before = machineSpeed();
      // Each time another request, service, word: an answer that is remembered measures nothing.
      const trace = await median(store, (turn) => store.byTrace(lineOf(someIndex(turn), rows, startUs)));
      const errors = await median(store, (turn) =>
        store.lastErrors(["Flight.mod_flight", "Pay.order", "Login.mod_user"][turn % 3]!),
      );
      const hour = await median(store, (turn) => {
        const fromUs = startUs + (turn % 23) * 3_600_000_000;
        return store.substring(`units, reference ${turn}z`, fromUs, fromUs + 3_600_000_000);
      });
      const histogram = await median(store, () => store.histogram(startUs, startUs + 86_400_000_000));
      const rates = [perSecond, perCpuSecond].map((rate) => Math.round(rate).toLocaleString("en"));
      const memory = (await store.peakMiB())?.toFixed(0) ?? "–";
      const machine = formatMachineSpeed(before, machineSpeed());
      const found = [store.name, ...rates, bytes.toFixed(0), trace, errors, hour, histogram, memory, machine];
      console.log(`| ${found.join(" | ")} |`);
    } finally {
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns rows a second, without the time that making them takes */
async function fill(store: MeasuredStore, startUs: number): Promise<{ perSecond: number; perCpuSecond: number }> {
  let insertMs = 0;
  let cpuMs = -store.processCpuMs();
  // A few batches are made at a time, and then stored while the clocks run.
  for (let from = 0; from < rows; from += 4 * batchRows) {
    const batches: Prepared[] = [];
    for (let first = from; first < Math.min(rows, from + 4 * batchRows); first += batchRows) {
      batches.push(store.prepare(linesOf(first, Math.min(rows, first + batchRows), startUs)));
    }
    collectGarbage();
    const began = performance.now();
    const beganCpuMs = ownCpuMs();
    await Promise.all(
      Array.from({ length: store.parallel }, async () => {
        for (let insert = batches.shift(); insert !== undefined; insert = batches.shift()) await insert();
      }),
    );
    insertMs += performance.now() - began;
    cpuMs += ownCpuMs() - beganCpuMs;
  }
  cpuMs += store.processCpuMs();
  return { perSecond: (rows / insertMs) * 1_000, perCpuSecond: (rows / cpuMs) * 1_000 };
}

function linesOf(from: number, to: number, startUs: number): Line[] {
  return Array.from({ length: to - from }, (_, i) => lineOf(from + i, rows, startUs));
}

/** What making the lines left behind is not the store's to clear away. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function someIndex(turn: number): number {
  return Math.floor(((turn + 1) * 0.618_033_988_75 * rows) % rows);
}

/** Median and least time, and processor time of all processes: what a busy machine changes least. */
async function median(store: MeasuredStore, ask: (turn: number) => Promise<number>): Promise<string> {
  await ask(repeats);
  const times: number[] = [];
  const beganCpuMs = ownCpuMs() + store.processCpuMs();
  const endMs = performance.now() + questionMaxMs;
  for (let turn = 0; turn < repeats && (turn < repeatsMin || performance.now() < endMs); turn++) {
    const began = performance.now();
    await ask(turn);
    times.push(performance.now() - began);
  }
  const cpuMs = (ownCpuMs() + store.processCpuMs() - beganCpuMs) / times.length;
  times.sort((left, right) => left - right);
  return `${times[Math.floor(times.length / 2)]!.toFixed(1)} (${times[0]!.toFixed(1)}), processor ${cpuMs.toFixed(0)}`;
}
