import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { markdownTable, meanOf, type Row, scenarios, shortfalls, verdictTable } from "@msec/balance/simulator";
import { simulateAll } from "./simulate-all.ts";

// `npm run sim` has V8 compile where it runs, for all processors are busy with what waits for it, and collect 32 MB at a time, for a row of many callers keeps all that it
// makes until it ends: together they spare a tenth of the time.
const usage = "Usage: npm run sim -- [--scenario <id>]… [--seed <integer> | --seeds <integer>..<integer>] [--write]";
// The largest row differs by a twentieth of its p99 from seed to seed.
const usualSeeds = "1..10";
const document = fileURLToPath(new URL("../../docs/routing.md", import.meta.url));

const { scenario: wanted = [], seed, seeds: range, write, help } = readArguments();
if (help) {
  console.log(`${usage}

Routing algorithms in virtual time, ${usualSeeds} unless seeds are given; --write puts the table into docs/routing.md.

Scenarios:
${scenarios.map(({ id, title }) => `  ${id.padEnd(24)}${title}`).join("\n")}`);
  process.exit(0);
}
const unknown = wanted.filter((id) => !scenarios.some((scenario) => scenario.id === id));
if (unknown.length > 0)
  fail(`there is no scenario "${unknown[0]}"; there are: ${scenarios.map(({ id }) => id).join(", ")}`);
if (seed !== undefined && range !== undefined) fail("give --seed or --seeds, not both");
const seeds = seed === undefined ? seedsOf(range ?? usualSeeds) : [seedOf(seed)];
if (write && wanted.length > 0) fail("--write writes the whole table: leave out --scenario");

const chosen = scenarios.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
const begunMs = performance.now();
const bySeed = await simulateAll(chosen, seeds, showProgress);
const tookS = (performance.now() - begunMs) / 1_000;
const simulatedS = bySeed
  .flatMap(({ rows }) => rows)
  .reduce((total, { scenario, results }) => total + scenario.seconds * results.length, 0);

const rows = bySeed[0]!.rows.map((_, position) => meanOf(bySeed.map((one) => one.rows[position]!)));
const table = markdownTable(rows);
console.log(table);
if (seeds.length > 1) console.log(`\nOurs, seed by seed; the figures above are the means:\n\n${verdictTable(bySeed)}`);
console.log("\n✓ best or within 5 % of the best in cost, errors and p99.");
console.log(
  `${simulatedS} s simulated (of every algorithm, scenario and seed) in ${tookS.toFixed(1)} s: ${Math.round(simulatedS / tookS)} s per second.`,
);
for (const { seed, rows } of bySeed)
  for (const row of rows)
    for (const text of shortfalls(row, row.results.at(-1)!)) console.log(`seed ${seed}, ${row.scenario.id}: ${text}`);
if (write) writeTable(table, rows);

function readArguments() {
  try {
    return parseArgs({
      options: {
        scenario: { type: "string", multiple: true },
        seed: { type: "string" },
        seeds: { type: "string" },
        write: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

// A line of a terminal that is written over, and nothing elsewhere.
function showProgress(begun: number, all: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(begun === all ? "\r\u001b[K" : `\r${begun} of ${all} runs`);
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) fail(`--seed ${text} must be an integer of up to nine digits`);
  return Number(text);
}

function seedsOf(text: string): number[] {
  const [, from, to] = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text) ?? [];
  const count = Number(to) - Number(from) + 1;
  if (!(count >= 1 && count <= 1_000))
    fail(`--seeds ${text} must be two integers such as 1..5, at most a thousand seeds`);
  return Array.from({ length: count }, (_, step) => Number(from) + step);
}

function writeTable(table: string, rows: readonly Row[]): void {
  const [begin, end] = ["<!-- sim: begin -->", "<!-- sim: end -->"];
  const text = readFileSync(document, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) fail(`${document} has no place for the table: it needs the lines ${begin} and ${end}`);
  const abouts = rows
    .map(({ scenario }) => `- **${scenario.title}** (\`${scenario.id}\`): ${scenario.about}`)
    .join("\n");
  const asked = seed === undefined ? (range === undefined ? "" : `--seeds ${range} `) : `--seed ${seed} `;
  const made = `Made by \`npm run sim -- ${asked}--write\`.`;
  writeFileSync(document, `${text.slice(0, from)}${begin}\n\n${made}\n\n${table}\n\n${abouts}\n\n${text.slice(to)}`);
}

function fail(message: string): never {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}
