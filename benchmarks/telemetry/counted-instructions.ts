import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

// Until perf has attached to every thread.
const attachMs = 300;

/**
 * Instructions that a process executes in user mode while something runs, by `perf stat`: what hardly depends on what else the machine does.
 *
 * @returns `undefined` for the count where there is no perf, or it may not count
 */
export async function countInstructions<Result>(
  pid: number,
  run: () => Promise<Result>,
): Promise<{ result: Result; count: number | undefined }> {
  const perf = spawn("perf", ["stat", "-x,", "-e", "instructions:u", "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  perf.stderr.on("data", (chunk) => {
    text += chunk;
  });
  const ended = Promise.withResolvers<void>();
  perf.once("error", () => ended.resolve());
  perf.once("close", () => ended.resolve());
  await delay(attachMs);
  const result = await run();
  // Then it prints what it has counted.
  perf.kill("SIGINT");
  await ended.promise;
  const count = Number(text.trim().split("\n").at(-1)?.split(",")[0]);
  return { result, count: Number.isFinite(count) && count > 0 ? count : undefined };
}
