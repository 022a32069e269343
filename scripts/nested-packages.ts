import { existsSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { root } from "./root.ts";

/** Folders with packages of their own that only tests use, too large for everybody's `npm ci`, and what is skipped without them. */
export const nestedPackages: readonly { folder: string; without: string }[] = [
  { folder: "conformance/open-telemetry", without: "OpenTelemetry's own SDK against ours" },
  { folder: "conformance/protobuf", without: "the protobuf conformance suite" },
];

/** Install what is missing, as their lock files say, and give a line for each that could not be. */
export async function installNestedPackages(): Promise<string[]> {
  return (await Promise.all(nestedPackages.map(install))).filter((line) => line !== undefined);
}

async function install({ folder, without }: (typeof nestedPackages)[number]): Promise<string | undefined> {
  const cwd = join(root, folder);
  if (existsSync(join(cwd, "node_modules"))) return undefined;
  console.log(`installing the packages of ${folder} …`);
  const { status, output } = await runCommand("npm", ["ci", "--no-audit", "--no-fund"], { cwd, timeoutMs: 240_000 });
  if (status === 0) return undefined;
  return `not installed: packages of ${folder} (${output.trim().split("\n").at(-1)}); skipped: ${without}`;
}
