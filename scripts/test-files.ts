import { globSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.ts";

/** The three suites of the Node side; the console's own tests run by Vitest. */
export const Suite = { Unit: "unit", Integration: "integration", EndToEnd: "end to end" } as const;
export type Suite = (typeof Suite)[keyof typeof Suite];

/** The test files of a suite, absolute, in order of name. */
export function findTestFiles(suite: Suite): string[] {
  const places =
    suite === Suite.EndToEnd
      ? ["e2e"]
      : ["packages", "apps/agent", "apps/cli", "apps/server", "conformance", "examples", "scripts"];
  return places
    .flatMap((place) => globSync(`${place}/**/*.test.ts`, { cwd: root, exclude: ["**/node_modules/**"] }))
    .filter(
      (file) => suite === Suite.EndToEnd || file.endsWith(".integration.test.ts") === (suite === Suite.Integration),
    )
    .sort()
    .map((file) => join(root, file));
}

/**
 * Where unit tests share processes, and how many files at most: they use what they made themselves and change nothing of their process, and
 * loading the code for each file alone takes several times as long as running it. In the order of how long they wait for timers.
 */
const sharing: readonly { readonly folder: string; readonly files: number }[] = [
  { folder: "packages/service/", files: 5 },
  { folder: "packages/rpc-node/", files: 9 },
  { folder: "apps/server/", files: 7 },
  { folder: "packages/", files: 25 },
  { folder: "apps/agent/", files: 25 },
  { folder: "apps/cli/", files: 25 },
  { folder: "examples/", files: 25 },
];

/** The unit tests as lists of files that share a process; those that wait longest come first. */
export function findUnitBatches(): string[][] {
  const left = new Set(findTestFiles(Suite.Unit));
  const batches: string[][] = [];
  for (const { folder, files } of sharing) {
    const found = Array.from(left).filter((file) => file.startsWith(join(root, folder)));
    for (let start = 0; start < found.length; start += files) {
      batches.push(found.slice(start, start + files));
    }
    for (const file of found) {
      left.delete(file);
    }
  }
  return [...batches, ...Array.from(left, (file) => [file])];
}
