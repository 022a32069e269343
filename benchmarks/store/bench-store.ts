import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickHouseClient } from "@clickhouse/client";
import { storeClients } from "../../packages/telemetry-store/src/client.ts";
import { openTelemetryStore, startEngine, type TelemetryStore } from "../../packages/telemetry-store/src/index.ts";
import { spreadOf } from "../lib/spread.ts";

/** A store of a benchmark's own: the embedded engine as a process, in a temporary directory. */
export interface BenchStore extends AsyncDisposable {
  readonly store: TelemetryStore;
  /** For what the store's own questions do not say: sizes. */
  readonly client: ClickHouseClient;
  /** Milliseconds of processor time that the engine has used so far. */
  engineCpuMs(): number;
  /** MiB that the engine holds now. */
  engineMiB(): number;
  /** Bytes of a table's columns on disk, once its parts are merged. */
  tableBytes(table: string): Promise<number>;
}

/** One measured figure. */
export interface Figure {
  readonly what: string;
  readonly goal: string;
  readonly found: string;
}

/** Starts it. */
export async function openBenchStore(): Promise<BenchStore> {
  const directory = await mkdtemp(join(tmpdir(), "msec-bench-store-"));
  const socket = join(directory, "t.sock");
  const engine = await startEngine({ dataDir: join(directory, "data"), socket });
  const store = openTelemetryStore({ socket, timeoutMs: 300_000 });
  await store.waitReady();
  const { client, root } = storeClients({ socket, timeoutMs: 300_000 });
  const proc = (file: string) => readFileSync(`/proc/${engine.ready.pid}/${file}`, "utf8");
  return {
    store,
    client,
    engineCpuMs() {
      const fields = proc("stat").split(") ")[1]!.split(" ");
      // utime and stime, in hundredths of a second.
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    engineMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(proc("status"))?.[1]) / 1024,
    async tableBytes(table) {
      await client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
      const result = await client.query({
        query: `SELECT sum(data_compressed_bytes) AS bytes FROM system.parts WHERE active AND database = 'msec' AND table = {table:String}`,
        query_params: { table },
        format: "JSONEachRow",
      });
      return Number((await result.json<{ bytes: string }>())[0]!.bytes);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([store.close(), client.close(), root.close()]);
      await engine.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * What a question takes, after two that nobody counts: milliseconds, median, least and greatest; and the engine's processor time, which a busy
 * machine does not change.
 */
export async function questionMs(bench: BenchStore, ask: () => Promise<unknown>, times = 25): Promise<string> {
  const found: number[] = [];
  let cpuMs = 0;
  for (let i = -2; i < times; i++) {
    if (i === 0) cpuMs = bench.engineCpuMs();
    const begin = performance.now();
    await ask();
    if (i >= 0) found.push(performance.now() - begin);
  }
  const cpu = (bench.engineCpuMs() - cpuMs) / times;
  const { median, min, max } = spreadOf(found);
  return `${median.toFixed(1)} ms (${min.toFixed(1)}–${max.toFixed(1)}), processor ${cpu.toFixed(1)} ms`;
}
