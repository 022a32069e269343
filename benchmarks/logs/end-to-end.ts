import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startSystem } from "./system.ts";

/** How much is written, by how many programs. */
export interface EndToEndOptions {
  /** Lines a second of all programs together. */
  readonly rate: number;
  readonly processes: number;
  readonly seconds: number;
}

const fiveMinutesMs = 300_000;

/**
 * Lines from programs with the SDK through agent and server until the store answers with them: real processes all, on one machine. Prints a table.
 */
export async function endToEnd({ rate, processes, seconds }: EndToEndOptions): Promise<void> {
  await using system = await startSystem();
  const beganMs = Date.now();
  const service = (index: number) => `Bench.writer${index}`;
  const before = system.usage();
  const writers = Array.from({ length: processes }, async (_, index) => {
    const args = [
      fileURLToPath(new URL("writer.ts", import.meta.url)),
      String(Math.ceil(rate / processes)),
      String(seconds),
    ];
    const env = { ...process.env, ...system.environment, MSEC_SERVICE: service(index) };
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), once(child, "exit")])) as [string];
    return JSON.parse(line) as { written: number; lastedMs: number };
  });
  const stored = async () => {
    const filter = { fromMs: beganMs - 60_000, toMs: Date.now() + 60_000, service: "Bench" };
    const { total } = await system.ask<{ total?: string | number }>("LogService/CountLogs", { filter, stepS: 60 });
    return Number(total ?? 0);
  };
  const found = await Promise.all(writers);
  const written = found.reduce((sum, writer) => sum + writer.written, 0);
  // Until all are there, or none has come for ten seconds: those the programs had to drop.
  let count = await stored();
  let lastMs = performance.now();
  const endMs = performance.now() + fiveMinutesMs;
  const lasted = Math.max(...found.map(({ lastedMs }) => lastedMs));
  const finishedMs = performance.now();
  while (count < written && performance.now() - lastMs < 10_000 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await stored();
    if (now > count) lastMs = performance.now();
    count = now;
  }
  const totalMs = lasted + Math.max(0, lastMs - finishedMs);
  const after = system.usage();
  const perRow = (part: keyof typeof after) =>
    `${(((after[part].cpuMs - before[part].cpuMs) * 1_000) / count).toFixed(1)} µs, ${after[part].peakMiB.toFixed(0)} MiB`;
  console.log(`
| lines written by ${processes} programs in ${(lasted / 1_000).toFixed(1)} s | in the store | after | rows/s end to end | server | store | agent | load |
|---|---|---|---|---|---|---|---|
| ${written} | ${count} | ${(totalMs / 1_000).toFixed(1)} s | ${Math.round((count / totalMs) * 1_000).toLocaleString("en")} | ${perRow("server")} | ${perRow("store")} | ${perRow("agent")} | ${loadavg()[0]!.toFixed(1)} |`);
}
