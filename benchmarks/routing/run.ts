import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, startServer } from "../lib/pinned.ts";
import { formatSpread } from "../lib/spread.ts";
import { pickCosts } from "./pick-cost.ts";
import { routedCost } from "./routed-cost.ts";

// What routing adds to a call: `npm run bench -- routing [--rounds N]`.
const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1_000)) {
  console.error(`--rounds ${values.rounds} must be an integer in 1…1000`);
  process.exit(2);
}

console.log("pick, started and finished, processor time of one call in ns (median of nine rounds):\n");
console.log("| instances | adaptive | with locality | weighted round robin | consistent hash |");
console.log("| --------: | -------: | ------------: | -------------------: | --------------: |");
for (const instances of [3, 10, 1_000]) {
  const cells = pickCosts(instances).map(({ ns }) => ns.toFixed(0));
  console.log(`| ${[String(instances), ...cells].join(" | ")} |`);
}

const echoServer = fileURLToPath(new URL("../rpc/echo-server.ts", import.meta.url));
const port = await freePort();
const server = await startServer(undefined, [process.execPath, echoServer, "--port", String(port)]);
try {
  const { direct, routed, added, directCpu, routedCpu, addedCpu } = await routedCost(port, rounds);
  console.log(
    `\na call by name beside one to the address, µs, median (minimum–maximum) of ${rounds} rounds in turns:\n`,
  );
  console.log("| | direct | routed | difference |");
  console.log("| - | -: | -: | -: |");
  const row = (...cells: string[]) => console.log(`| ${cells.join(" | ")} |`);
  row("one call at a time, p50", formatSpread(direct), formatSpread(routed), formatSpread(added));
  row(
    "32 at a time, processor time of the caller",
    formatSpread(directCpu),
    formatSpread(routedCpu),
    formatSpread(addedCpu),
  );
} finally {
  await server.stop();
}
