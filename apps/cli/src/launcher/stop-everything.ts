import type { StateDirectory } from "@msec/process";
import type { CommandContext } from "../context.ts";
import { killSystem, stopSystem } from "../state/stop-system.ts";
import { processTitle } from "../state/system-processes.ts";
import type { Parts } from "./parts.ts";
import type { Progress } from "./progress.ts";

/**
 * Stop everything that the launcher started, in order: the agent with its instances, then the server with its store. What is
 * left after that (instances of an agent that was killed) is stopped by its run record.
 *
 * @param kill  when it aborts, whatever is left is killed at once
 */
export async function stopEverything(
  state: StateDirectory,
  parts: Parts,
  kill: AbortSignal,
  { messages }: CommandContext,
  progress: Progress,
): Promise<void> {
  const start = performance.now();
  const onKill = () => void killSystem(state.path);
  kill.addEventListener("abort", onKill, { once: true });
  progress.step(messages.stepStop, messages.stopping);
  for (const part of ["agent", "server"] as const) {
    if (await parts.stop(part)) progress.step(messages.stepStop, messages.stopped(part));
  }
  const left = await stopSystem(state.path, (record) =>
    progress.step(messages.stepStop, messages.stopped(processTitle(record))),
  );
  kill.removeEventListener("abort", onKill);
  if (left.length > 0) {
    const names = left.map(processTitle).join(", ");
    progress.problem(messages.stepStop, `${messages.cannotStop(names)}; ${messages.cannotStopHint}`);
    process.exitCode = 1;
    return;
  }
  progress.step(messages.stepStop, messages.allStopped(((performance.now() - start) / 1000).toFixed(1)));
}
