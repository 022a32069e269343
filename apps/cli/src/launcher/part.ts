import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  nodeEnvironment,
  nodeFlags,
  nodeProgram,
  type StateDirectory,
  type Supervised,
  type SuperviseOptions,
  supervise,
  UserError,
  waitForRunRecord,
} from "@msec/process";
import { programFile } from "../checkout.ts";
import type { Messages } from "../messages/messages.ts";
import type { Part } from "./control-protocol.ts";

/** How a part of the system is run. */
export interface PartOptions {
  readonly part: Part;
  readonly state: StateDirectory;
  /** `msec.ini`, `undefined` where there is none. */
  readonly config: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** From SIGTERM to SIGKILL, milliseconds. */
  readonly graceMs: number;
  readonly onChange: (part: Part, supervised: Supervised) => void;
}

/** A server may have migrations to run, an agent a spool to read. */
const readyTimeoutMs = 60_000;

/** Where the output of a part is kept. */
export function partLogFile(state: StateDirectory, part: Part): string {
  return join(state.log, `${part}.log`);
}

/** Prepare a part of the system to be run as a process; nothing is started yet. */
export function createPart(options: PartOptions): Supervised {
  const { part, state, config, environment, graceMs, onChange } = options;
  // What the server says on its own when it is ready contains a sign-in token, and its output is kept: the JSON has none.
  const ready = part === "server" ? ["--ready-json"] : ["--stop-instances"];
  const settings: SuperviseOptions = {
    command: nodeProgram(),
    args: [
      ...nodeFlags,
      programFile(part),
      "--state",
      state.path,
      ...(config === undefined ? [] : ["--config", config]),
      ...ready,
    ],
    cwd: state.path,
    env: { ...environmentOfParts(environment), ...nodeEnvironment() },
    output: { file: partLogFile(state, part) },
    graceMs,
    readyTimeoutMs,
    // A part writes its own record once it serves.
    ready: async (run, signal) => {
      await waitForRunRecord(state.path, part, signal, (record) => record.pid === run.pid);
    },
    onChange: (supervised) => onChange(part, supervised),
  };
  return supervise(settings);
}

/**
 * Start a part for the first time and wait until it serves.
 *
 * @throws UserError when it ends instead, with what it said; the signal's reason when it aborts
 */
export async function startPart(
  supervised: Supervised,
  part: Part,
  log: string,
  signal: AbortSignal,
  messages: Messages,
): Promise<number> {
  supervised.start();
  for (;;) {
    signal.throwIfAborted();
    if (supervised.state === "running" && supervised.run !== undefined) return supervised.run.pid;
    if (supervised.reason !== "") {
      const reason = supervised.reason;
      await supervised.stop(0);
      throw new UserError(messages.partDied(part, reason), { hint: existsSync(log) ? messages.partDiedHint(log) : "" });
    }
    await delay(25, undefined, { signal });
  }
}

/** What the programs of the system may know of the user's environment; nothing else is handed on. */
function environmentOfParts(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_MESSAGES", "TZ", "TMPDIR"];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
