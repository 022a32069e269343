import { fileURLToPath } from "node:url";
import { CommandLine } from "../lib/command-line.ts";
import { freePort, startServer } from "../lib/pinned.ts";
import { formatSpread } from "../lib/spread.ts";
import { pickCosts } from "./pick-cost.ts";
import { routedCost } from "./routed-cost.ts";

const line = new CommandLine(
  "npm run bench -- routing",
  "What choosing an instance costs with 3, 10 and 1,000 of them, and a call by name beside one to the address.",
  { rounds: { about: "how often, 1…1000", default: "15" } },
);
const rounds = line.integer("rounds", 1, 1_000);

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
