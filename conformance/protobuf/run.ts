import { execFileSync } from "node:child_process";
import { fetchNewerLibc } from "./newer-libc.ts";
import { findRunner, newerLibcDirectory, runConformance } from "./runner.ts";

/**
 * `node conformance/protobuf/run.ts`: the protobuf conformance suite, required and recommended tests, against the compiled codec.
 *
 * On its first run it installs the suite's runner beside itself (52 MB), and where the system's C library is too old for it
 * (Debian 12), that of Debian 13 too. Ends with status 1 when a test fails that is not in known-failures.txt; where the runner cannot
 * be started it says so in one line and ends with status 0.
 */
async function main(): Promise<number> {
  let runner = findRunner();
  if (runner.problem?.includes("not installed")) {
    console.log("installing the conformance runner …");
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: import.meta.dirname, stdio: "inherit" });
    runner = findRunner();
  }
  if (runner.problem !== undefined && runner.needsNewerLibc) {
    console.log("fetching a newer C library for the runner …");
    await fetchNewerLibc(newerLibcDirectory).catch((error: Error) => console.log(`not fetched: ${error.message}`));
    runner = findRunner();
  }
  if (runner.problem !== undefined) {
    console.log(`skipped the protobuf conformance suite: ${runner.problem}`);
    return 0;
  }
  const result = await runConformance(runner.command, { enforceRecommended: true });
  for (const name of result.surprises) {
    console.log(name);
  }
  const { passed, failed, expectedFailures, skipped, bytesToBytes } = result;
  console.log(
    `${passed} passed, ${failed} failed, ${expectedFailures} known failures, ${skipped} skipped; ${bytesToBytes} of them from bytes to bytes`,
  );
  return failed === 0 && result.surprises.length === 0 ? 0 : 1;
}

process.exitCode = await main();
