import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fuzzHttp } from "./fuzz-http.ts";
import { targets } from "./inputs.ts";

/**
 * `node conformance/fuzz/run.ts --target frame|head|codec|http --inputs 1000000 --seed 1 [--first 0]`
 *
 * Prints one line of figures, or the input that failed (and keeps it in `corpus/<target>`), with status 1. A failing input is made again
 * by its index: `--first <index> --inputs 1` with the same seed.
 */
const { values } = parseArgs({
  options: {
    target: { type: "string" },
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
  },
});
const names = [...Object.keys(targets), "http"];
const { target } = values;
const [inputs, seed, first] = [values.inputs, values.seed, values.first].map(Number) as [number, number, number];
if (
  target === undefined ||
  !names.includes(target) ||
  ![inputs, seed, first].every(Number.isSafeInteger) ||
  inputs < 1
) {
  console.error(`--target must be one of ${names.join(", ")}; --inputs, --seed and --first whole numbers`);
  process.exit(2);
}
const report =
  target === "http"
    ? await fuzzHttp(seed, inputs, first, (line) => console.error(line))
    : await fuzz(target, seed, inputs, first);
const perSecond = Math.round(report.inputs / report.seconds);
console.log(
  `${report.target}: ${report.inputs} inputs of seed ${report.seed} in ${report.seconds.toFixed(1)} s (${perSecond}/s), ` +
    `slowest ${report.slowestMs.toFixed(1)} ms, memory ${(report.grownBytes / 1048576).toFixed(0)} MiB more`,
);
if (report.failure !== undefined) {
  console.error(report.failure);
  process.exitCode = 1;
}
