import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "./root.ts";

/** How a command that was run to its end did: its exit status (127 when it could not be started) and all it printed. */
export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

/**
 * Run a command to its end, with the checkout's own tools (`node_modules/.bin`) first in the path.
 *
 * @param options.cwd        default: the checkout
 * @param options.timeoutMs  killed after that long; default 300_000
 * @param options.env        variables besides the ones of this process
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const { cwd = root, timeoutMs = 300_000, env = {} } = options;
  return await new Promise((resolve) => {
    const path = join(root, "node_modules/.bin") + delimiter + (process.env.PATH ?? "");
    const child = spawn(command, args, {
      cwd,
      timeout: timeoutMs,
      // What Node's test runner tells its children is not for the children of a test.
      env: { ...process.env, PATH: path, NO_COLOR: "1", FORCE_COLOR: undefined, NODE_TEST_CONTEXT: undefined, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve({ status: 127, output: `${command}: ${error.message}\n` }));
    child.on("close", (status, signal) => {
      const note = signal === null ? "" : `${command} was ended by ${signal} (it may take ${timeoutMs} ms)\n`;
      resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() + note });
    });
  });
}
