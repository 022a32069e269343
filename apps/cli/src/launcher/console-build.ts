import { spawn } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "@msec/process";
import { checkout } from "../checkout.ts";
import type { Messages } from "../messages/messages.ts";

const directory = join(checkout, "apps/console");

/** Whether what was built of the console is older than its sources (its own, and the API types that it contains), or missing. */
export function consoleIsStale(): boolean {
  const built = statSync(join(directory, "dist/index.html"), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return true;
  const sources = globSync(
    [
      "apps/console/{src,public}/**/*",
      "apps/console/{index.html,package.json,vite.config.ts}",
      "packages/{api/gen,rpc/src}/**/*",
    ],
    { cwd: checkout },
  );
  return sources.some((file) => statSync(join(checkout, file)).mtimeMs > built);
}

/**
 * Build the console's static files into `apps/console/dist`.
 *
 * @throws UserError with the last line of the build's output
 */
export async function buildConsole(messages: Messages, signal: AbortSignal): Promise<void> {
  const vite = join(checkout, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "build", "--logLevel", "warn"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    signal,
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  signal.throwIfAborted();
  if (status !== 0) {
    const error = output.split("\n").find((line) => /error/i.test(line)) ?? output.trim().split("\n").at(-1) ?? "";
    throw new UserError(messages.consoleBuildFailed(error.trim()), { hint: messages.consoleBuildHint });
  }
}
