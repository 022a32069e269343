import { rmSync } from "node:fs";
import {
  lockDirectory,
  openState,
  removeRunRecord,
  type StateDirectory,
  socketPath,
  stopSignal,
  writeRunRecord,
} from "@msec/process";
import type { CommandContext } from "../context.ts";
import { bringUp } from "./bring-up.ts";
import { listenForControl } from "./control-server.ts";
import { Parts } from "./parts.ts";
import { checkPorts } from "./ports.ts";
import { checkNothingRuns, checkPlatform, wantedPorts } from "./prerequisites.ts";
import { type Progress, startProgress } from "./progress.ts";
import type { Settings } from "./settings.ts";
import { stopEverything } from "./stop-everything.ts";

/** What to launch. */
export interface LaunchOptions {
  readonly settings: Settings;
  /** State directory, absolute; it is made where it does not exist. */
  readonly state: string;
  /** `msec.ini`, `undefined` where there is none. */
  readonly config: string | undefined;
}

/** Signals this close together are one: a terminal, npm and an older Node's `bin/msec.js` may each pass on the same Ctrl-C. */
const sameSignalMs = 1_000;

/**
 * Run the whole system until SIGINT, SIGTERM or `msec stop`: `msec start`, and so `npm start`.
 *
 * @returns when everything that it started is stopped
 * @throws UserError for a missing prerequisite, or when a part does not come up (everything is stopped then)
 */
export async function launch(options: LaunchOptions, context: CommandContext): Promise<void> {
  const { messages } = context;
  const progress = startProgress(context);
  checkPlatform(messages);
  const state = openState(options.state);
  checkNothingRuns(state.path, messages);
  using _lock = lockDirectory(state.run, "state directory");
  await checkPorts(wantedPorts(options.settings), messages);
  progress.step(messages.stepPrerequisites, messages.prerequisitesMet(process.versions.node));
  await runUntilStopped(options, state, context, progress);
}

async function runUntilStopped(
  options: LaunchOptions,
  state: StateDirectory,
  context: CommandContext,
  progress: Progress,
): Promise<void> {
  const asked = new AbortController();
  using stop = stopOnSignals(asked);
  const socket = socketPath(state.path, "launcher");
  const parts = new Parts(state, options.config, context, progress);
  // Before the record: who reads the record may ask at once.
  await using _control = await listenForControl(socket, (request) => parts.handle(request, () => asked.abort("stop")));
  writeRunRecord(state.path, { name: "launcher", role: "launcher", listen: socket });
  try {
    await bringUp({ ...options, state, parts, signal: stop.signal }, context, progress);
    await aborted(stop.signal);
  } catch (error) {
    // The signal interrupts whatever was under way: that is no failure.
    if (!stop.signal.aborted) throw error;
  } finally {
    await stopEverything(state, parts, stop.kill, context, progress);
    removeRunRecord(state.path, "launcher");
    rmSync(socket, { force: true });
  }
}

function stopOnSignals(
  asked: AbortController,
): { readonly signal: AbortSignal; readonly kill: AbortSignal } & Disposable {
  const kill = new AbortController();
  let firstAt = 0;
  const signals = stopSignal(() => {
    if (performance.now() - firstAt >= sameSignalMs) kill.abort();
  });
  signals.signal.addEventListener("abort", () => {
    firstAt = performance.now();
    asked.abort(signals.signal.reason);
  });
  // A terminal that is closed: the same as Ctrl-C, and nobody reads what is printed any more.
  const onHangUp = () => {
    process.stdout.on("error", () => {});
    process.stderr.on("error", () => {});
    process.kill(process.pid, "SIGTERM");
  };
  process.on("SIGHUP", onHangUp);
  return {
    signal: asked.signal,
    kill: kill.signal,
    [Symbol.dispose]() {
      signals[Symbol.dispose]();
      process.off("SIGHUP", onHangUp);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
