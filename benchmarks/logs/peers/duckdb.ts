import { statSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { MeasuredStore } from "../stores.ts";

/** The same in DuckDB, which has columns as our engine; its appender is its quickest way in, and a checkpoint is what makes rows columns. */
export async function openDuckdb(directory: string): Promise<MeasuredStore> {
  const file = join(directory, "logs.duckdb");
  const instance = await DuckDBInstance.create(file, { threads: "2", memory_limit: "1GB" });
  const connection = await instance.connect();
  // No index: scanning columns is what it is for.
  await connection.run(`CREATE TABLE log (time BIGINT, service VARCHAR, host VARCHAR, instance VARCHAR, level INTEGER, trace_high UBIGINT,
    flow_id UBIGINT, span UBIGINT, method VARCHAR, text VARCHAR, fields VARCHAR)`);
  const count = async (sql: string, values: (string | number | bigint)[]) =>
    (await connection.runAndReadAll(sql, values)).currentRowCount;
  return {
    name: "DuckDB",
    parallel: 1,
    prepare: (lines) => async () => {
      const appender = await connection.createAppender("log");
      for (const line of lines) {
        appender.appendBigInt(BigInt(line.timeUs));
        appender.appendVarchar(line.service);
        appender.appendVarchar(line.host);
        appender.appendVarchar(line.instance);
        appender.appendInteger(line.level);
        appender.appendUBigInt(line.traceHigh);
        appender.appendUBigInt(line.flowId);
        appender.appendUBigInt(line.spanId);
        appender.appendVarchar(line.method);
        appender.appendVarchar(line.text);
        appender.appendVarchar(JSON.stringify(line.fields));
        appender.endRow();
      }
      // Commits, and syncs the log of what was written.
      appender.closeSync();
    },
    async settle() {
      await connection.run("CHECKPOINT");
      return statSync(file).size;
    },
    processCpuMs: () => 0,
    peakMiB: async () => undefined,
    byTrace: async (line) =>
      await count("SELECT * FROM log WHERE flow_id = $1 AND trace_high = $2 ORDER BY time LIMIT 1000", [
        line.flowId,
        line.traceHigh,
      ]),
    lastErrors: async (service) =>
      await count("SELECT * FROM log WHERE service = $1 AND level >= 17 ORDER BY time DESC LIMIT 100", [service]),
    substring: async (text, fromUs, toUs) =>
      await count("SELECT * FROM log WHERE time >= $1 AND time < $2 AND text ILIKE $3 ORDER BY time DESC LIMIT 100", [
        BigInt(fromUs),
        BigInt(toUs),
        `%${text}%`,
      ]),
    async histogram(fromUs, toUs) {
      const sql =
        "SELECT time // 60000000 AS minute, level, count(*) AS lines FROM log WHERE time >= $1 AND time < $2 GROUP BY 1, 2";
      const found = await connection.runAndReadAll(sql, [BigInt(fromUs), BigInt(toUs)]);
      return found.getRows().reduce((sum, [, , lines]) => sum + Number(lines), 0);
    },
    async close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
