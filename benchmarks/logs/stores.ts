import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { openTelemetryStore, startEngine } from "@msec/telemetry-store";
import { closeClients, storeClients } from "../../packages/telemetry-store/src/client.ts";
import { processCpuMs } from "./processor-time.ts";
import { envelopesOf, type Line } from "./rows.ts";

/** What is asked of each store; each question answers how many lines or counts it found. */
export interface Questions {
  byTrace(line: Line): Promise<number>;
  lastErrors(service: string): Promise<number>;
  substring(text: string, fromUs: number, toUs: number): Promise<number>;
  histogram(fromUs: number, toUs: number): Promise<number>;
}

/** A store that is measured. */
export interface MeasuredStore extends Questions {
  readonly name: string;
  /** Bring lines into the form in which the store takes them; not measured. */
  prepare(lines: readonly Line[]): Prepared;
  /** Batches that are given to it at once, each complete on disk when its promise settles: as many as agents send. */
  readonly parallel: number;
  /** All rows are in: let it merge. @returns bytes on disk */
  settle(): Promise<number>;
  /** Processor time that a process of its own has used so far, milliseconds; what it does in the background counts too. */
  processCpuMs(): number;
  /** Of the process that holds the data, MiB at most; `undefined` where that is the benchmark itself. */
  peakMiB(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Lines that are ready to be stored. */
export type Prepared = () => Promise<void>;

/** The telemetry store with its embedded engine: what msec runs. */
export async function openOurs(directory: string): Promise<MeasuredStore> {
  const socket = join(directory, "t.sock");
  const engine = await startEngine({ dataDir: join(directory, "data"), socket });
  const store = openTelemetryStore({ socket, timeoutMs: 120_000 });
  await store.waitReady();
  // For what the store's own questions do not say: what it does in the background.
  const clients = storeClients({ socket, timeoutMs: 120_000 });
  const merges = async () => {
    const result = await clients.root.query({
      query: "SELECT count() FROM system.merges",
      format: "JSONCompactEachRow",
    });
    return Number((await result.json<[string]>())[0]![0]);
  };
  let batch = 0;
  const range = (fromUs: number, toUs: number) => ({ fromMs: fromUs / 1_000, toMs: toUs / 1_000 });
  return {
    name: "msec",
    parallel: 2,
    // What an agent's request holds when it has been read.
    prepare(lines) {
      const envelopes = envelopesOf(lines);
      return async () => {
        const { rows, rejected } = await store.ingestAll(envelopes, `bench/${++batch}`);
        if (rows.log !== lines.length)
          throw new Error(`${rows.log} of ${lines.length} rows stored: ${rejected[0]?.message}`);
      };
    },
    // Until nothing merges and the size stays for ten seconds, at most five minutes: a large merge changes the size only at its end, half a minute later.
    async settle() {
      const bytes = async () => (await store.readUsage()).find(({ kind }) => kind === "logs")?.bytes ?? 0;
      let last = await bytes();
      for (let turn = 0; turn < 30; turn++) {
        await delay(10_000);
        const now = await bytes();
        if (now === last && (await merges()) === 0) break;
        last = now;
      }
      return last;
    },
    processCpuMs: () => processCpuMs(engine.ready.pid),
    async peakMiB() {
      const status = await readFile(`/proc/${engine.ready.pid}/status`, "utf8");
      return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
    },
    async byTrace(line) {
      const id = `${line.traceHigh.toString(16).padStart(16, "0")}${line.flowId.toString(16).padStart(16, "0")}`;
      return (await store.getFlow(id))?.logs.length ?? 0;
    },
    async lastErrors(service) {
      const nowUs = Date.now() * 1_000;
      const filter = { ...range(nowUs - 2 * 86_400_000_000, nowUs), service, level: "error", limit: 100 };
      return (await store.logs.find(filter)).rows.length;
    },
    async substring(text, fromUs, toUs) {
      const where = `text ~ ${JSON.stringify(text)}`;
      return (await store.logs.find({ ...range(fromUs, toUs), where, limit: 100 })).rows.length;
    },
    histogram: async (fromUs, toUs) => (await store.logs.count({ ...range(fromUs, toUs), stepS: 60 })).total,
    async close() {
      await closeClients(clients);
      await store.close();
      await engine.stop();
    },
  };
}

/** The same in SQLite, with the indexes that the questions ask for. */
export function openSqlite(directory: string): MeasuredStore {
  const file = join(directory, "logs.db");
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -200000;
    CREATE TABLE log (time INTEGER, service TEXT, host TEXT, instance TEXT, level INTEGER, trace BLOB, span INTEGER,
      method TEXT, text TEXT, fields TEXT);
    CREATE INDEX log_time ON log (time); CREATE INDEX log_trace ON log (trace); CREATE INDEX log_level ON log (service, level, time)`);
  const insert = database.prepare("INSERT INTO log VALUES (?,?,?,?,?,?,?,?,?,?)");
  const all = (sql: string, ...values: (string | number | Uint8Array)[]) => database.prepare(sql).all(...values);
  return {
    name: "SQLite",
    parallel: 1,
    prepare: (lines) => async () => {
      database.exec("BEGIN");
      for (const line of lines) {
        const { timeUs, service, host, instance, level, spanId, method, text, fields } = line;
        insert.run(timeUs, service, host, instance, level, traceOf(line), spanId, method, text, JSON.stringify(fields));
      }
      database.exec("COMMIT");
    },
    async settle() {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      return statSync(file).size;
    },
    processCpuMs: () => 0,
    peakMiB: async () => undefined,
    byTrace: async (line) => all("SELECT * FROM log WHERE trace = ? ORDER BY time LIMIT 1000", traceOf(line)).length,
    lastErrors: async (service) =>
      all("SELECT * FROM log WHERE service = ? AND level >= 17 ORDER BY time DESC LIMIT 100", service).length,
    substring: async (text, fromUs, toUs) =>
      all(
        "SELECT * FROM log WHERE time >= ? AND time < ? AND text LIKE ? ORDER BY time DESC LIMIT 100",
        fromUs,
        toUs,
        `%${text}%`,
      ).length,
    histogram: async (fromUs, toUs) => {
      const sql =
        "SELECT time / 60000000 AS minute, level, count(*) AS lines FROM log WHERE time >= ? AND time < ? GROUP BY 1, 2";
      return all(sql, fromUs, toUs).reduce((sum, row) => sum + Number(row.lines), 0);
    },
    close: async () => database.close(),
  };
}

function traceOf(line: Line): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(line.traceHigh, 0);
  bytes.writeBigUInt64BE(line.flowId, 8);
  return bytes;
}
