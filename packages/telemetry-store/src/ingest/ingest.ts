import { Readable } from "node:stream";
import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";
import { InvalidBatch } from "../store-error.ts";
import type { TelemetryEnvelope, TelemetryIdentity } from "./batch.ts";
import { type EncodedTables, encodeEnvelope, newTables, type TimeWindow, tableInserts } from "./encode.ts";
import { type TelemetryTable, tableColumns, telemetryTables } from "./tables.ts";
import { assertBatch } from "./validate.ts";

/** What became of some envelopes. */
export interface IngestResult {
  /** Rows stored, by table; the same numbers when a repeat changed nothing. */
  rows: Record<TelemetryTable, number>;
  /** Rows left out because their time or value is impossible. */
  leftOut: number;
  /** Envelopes of which nothing was stored, by their position, and why. */
  rejected: { index: number; message: string }[];
}

/** Encoded rows and what is to be said of them. */
export interface EncodedIngest extends IngestResult {
  tables: EncodedTables;
}

/**
 * Check and encode envelopes. One that is invalid is left out whole and named; the others are not affected.
 *
 * @throws never for what is in the envelopes
 */
export function encodeEnvelopes(envelopes: readonly TelemetryEnvelope[], window: TimeWindow): EncodedIngest {
  const tables = newTables(envelopes);
  const rejected: IngestResult["rejected"] = [];
  let leftOut = 0;
  for (const [index, envelope] of envelopes.entries()) {
    const before = telemetryTables.map((table) => tables[table].mark());
    try {
      assertIdentity(envelope.identity);
      assertBatch(envelope.batch);
      leftOut += encodeEnvelope(tables, envelope, window);
    } catch (error) {
      if (!(error instanceof InvalidBatch)) throw error;
      for (const undo of before) undo();
      rejected.push({ index, message: error.message });
    }
  }
  const rows = { span: 0, call: 0, sample: 0, log: 0 };
  for (const table of telemetryTables) rows[table] = tables[table].rows;
  return { tables, rows, leftOut, rejected };
}

/**
 * Insert encoded rows, table by table. Each part of each table has a token of its own, so that a repeat of the whole
 * after any failure adds only what is missing.
 *
 * @throws StoreUnavailable, TelemetryStoreError (Overloaded, Failed)
 */
export async function insertTables(
  { client, where }: StoreClients,
  { tables }: EncodedIngest,
  token: string,
): Promise<void> {
  for (const { table, format, parts } of tableInserts(tables)) {
    for (const [part, pieces] of parts.entries()) {
      try {
        const { stream } = await client.exec({
          query: `INSERT INTO ${table} (${tableColumns[table].join(", ")}) FORMAT ${format}`,
          values: Readable.from(pieces, { objectMode: false }),
          clickhouse_settings: {
            insert_deduplication_token: `${token}/${table}/${part}`,
            // What is added up here, or by a view, has each key once: to look for more costs the engine 2,400 instructions a minute of a series, of 5,400.
            optimize_on_insert: 0,
          },
        });
        // The answer to an insert is empty; reading it gives the connection back.
        for await (const _ of stream);
      } catch (error) {
        throw storeErrorFrom(error, `insert into ${table}`, where);
      }
    }
  }
}

/** @throws InvalidBatch for a token that cannot be one */
export function assertToken(token: string): void {
  if (/^[\x21-\x7e]{1,200}$/.test(token)) return;
  throw new InvalidBatch(`token ${JSON.stringify(token.slice(0, 200))}: expected 1…200 visible ASCII characters`);
}

function assertIdentity({ host, service, instance, release = "" }: TelemetryIdentity): void {
  for (const [name, value] of Object.entries({ host, service, instance, release })) {
    if (value.length > 256) throw new InvalidBatch(`${name} has ${value.length} characters: at most 256`);
  }
  if (host === "") throw new InvalidBatch("host is empty");
}
