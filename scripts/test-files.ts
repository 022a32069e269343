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
