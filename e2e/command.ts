import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";

/** The checkout. */
export const checkout = dirname(import.meta.dirname);

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** All it has printed on standard output so far. */
  stdout(): string;
  /** All it has said on standard error so far. */
  stderr(): string;
  /** Settles when it has ended. */
  readonly ended: Promise<CommandResult>;
}

/** Start `bin/msec.js` as a user does, in `directory`, which has its `msec.ini`. */
export function startMsec(
  args: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv = {},
): RunningCommand {
  const child = spawn(process.execPath, [join(checkout, "bin/msec.js"), ...args], {
    cwd: directory,
    stdio: ["pipe", "pipe", "pipe"],
    // As on a terminal without colours, in English, and not as a child of Node's test runner.
    env: {
      ...process.env,
      NO_COLOR: "1",
      LANG: "C",
      LC_ALL: "C",
      FORCE_COLOR: undefined,
      NODE_TEST_CONTEXT: undefined,
      MSEC_STATE: undefined,
      ...environment,
    },
  });
  child.stdin.end();
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Run `bin/msec.js` to its end. */
export async function runMsec(
  args: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  return await startMsec(args, directory, environment).ended;
}
