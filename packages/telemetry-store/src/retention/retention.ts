import type { StoreClients } from "../client.ts";
import { storeErrorFrom } from "../client-error.ts";
import { ask } from "../query/ask.ts";
import { quoted } from "../schema/cluster.ts";
import { changeStructure } from "../schema/migrate.ts";

/** What is kept for a time and in a size of its own. */
export const TelemetryKind = { Spans: "spans", Logs: "logs", Calls: "calls", Samples: "samples" } as const;
export type TelemetryKind = (typeof TelemetryKind)[keyof typeof TelemetryKind];

/** All kinds. */
export const telemetryKinds = Object.values(TelemetryKind);

/** How long, and how much, of one kind is kept. */
export interface KindRetention {
  /** Days, 1…730. For calls and samples those of the minutes: seconds are kept for at most 2 days, hours for at least 730. */
  readonly days: number;
  /** Bytes on disk; the oldest goes when there is more. 0: no limit but the age. */
  readonly maxBytes: number;
}

/** Of all kinds. */
export type Retention = Readonly<Record<TelemetryKind, KindRetention>>;

/** What an installation keeps unless its operator says otherwise: 40 GB at the very most, which a small machine has. */
export const defaultRetention: Retention = {
  spans: { days: 7, maxBytes: 10e9 },
  logs: { days: 7, maxBytes: 20e9 },
  calls: { days: 30, maxBytes: 5e9 },
  samples: { days: 30, maxBytes: 5e9 },
};

/** What one kind takes. */
export interface KindUsage {
  kind: TelemetryKind;
  bytes: number;
  rows: number;
  /** Milliseconds since 1970 UTC of the oldest row; 0 where there is none. */
  oldestMs: number;
}

/** What was done to keep within the limits. */
export interface RetentionResult {
  usage: KindUsage[];
  /** `series_sample 20261120`: parts of tables that were dropped because of their kind's size. */
  dropped: string[];
}

interface KeptTable {
  readonly table: string;
  /** Its column of time. */
  readonly time: string;
  /** Days that it keeps, from those of its kind. */
  readonly days: (days: number) => number;
}

const as = (days: number) => days;
const atMostTwo = (days: number) => Math.min(days, 2);
const atLeastTwoYears = (days: number) => Math.max(days, 730);

/** The tables of each kind, the finest first. */
const tables: Readonly<Record<TelemetryKind, readonly KeptTable[]>> = {
  spans: [
    { table: "span", time: "start", days: as },
    { table: "span_request", time: "minute", days: as },
  ],
  logs: [
    { table: "log_line", time: "time", days: as },
    { table: "log_request", time: "minute", days: as },
    { table: "log_error", time: "time", days: as },
    { table: "log_minute", time: "time", days: as },
  ],
  calls: [
    { table: "call", time: "time", days: atMostTwo },
    { table: "call_minute", time: "time", days: as },
    { table: "call_method_minute", time: "time", days: as },
    { table: "call_hour", time: "time", days: atLeastTwoYears },
  ],
  samples: [
    { table: "series_sample", time: "time", days: atMostTwo },
    { table: "series_minute", time: "time", days: as },
    { table: "sample_hour", time: "time", days: atLeastTwoYears },
  ],
};

interface Partition {
  table: string;
  id: string;
  bytes: number;
  rows: number;
  oldestS: number;
  newestS: number;
}

/**
 * Set the tables' ages, and drop the oldest of each kind that takes more than it may: whole partitions (days) first, and
 * when only the newest is left, its older half, so that one bad day cannot fill the disk.
 *
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function applyRetention(clients: StoreClients, retention: Retention): Promise<RetentionResult> {
  await setAges(clients, retention);
  const dropped: string[] = [];
  const usage: KindUsage[] = [];
  const all = await readPartitions(clients);
  for (const kind of telemetryKinds) {
    const names = tables[kind].map(({ table }) => table);
    const own = all.filter(({ table }) => names.includes(table));
    const gone = await sweep(clients, own, names, retention[kind].maxBytes);
    dropped.push(...gone.map(({ table, id }) => `${table} ${id}`));
    usage.push(
      usageOf(
        kind,
        own.filter((partition) => !gone.includes(partition)),
      ),
    );
  }
  return { usage, dropped };
}

/**
 * What each kind takes.
 *
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function readUsage(clients: StoreClients): Promise<KindUsage[]> {
  const all = await readPartitions(clients);
  return telemetryKinds.map((kind) => {
    const names = tables[kind].map(({ table }) => table);
    return usageOf(
      kind,
      all.filter(({ table }) => names.includes(table)),
    );
  });
}

function usageOf(kind: TelemetryKind, partitions: readonly Partition[]): KindUsage {
  const sum = (key: "bytes" | "rows") => partitions.reduce((total, partition) => total + partition[key], 0);
  const oldestS = partitions.reduce(
    (oldest, partition) => Math.min(oldest, partition.oldestS),
    Number.POSITIVE_INFINITY,
  );
  return { kind, bytes: sum("bytes"), rows: sum("rows"), oldestMs: Number.isFinite(oldestS) ? oldestS * 1_000 : 0 };
}

async function setAges(clients: StoreClients, retention: Retention): Promise<void> {
  const known = await ask<{ name: string; text: string }>(
    clients,
    "read the age of tables",
    "SELECT name, create_table_query AS text FROM system.tables WHERE database = {database:String}",
    { database: clients.rowsDatabase },
  );
  for (const kind of telemetryKinds) {
    for (const { table, time, days } of tables[kind]) {
      const wanted = days(retention[kind].days);
      const text = known.find(({ name }) => name === table)?.text;
      const found = /\bTTL\b[^\n]*?toIntervalDay\((\d+)\)/.exec(text ?? "")?.[1];
      if (text === undefined || Number(found) === wanted) continue;
      await command(clients, `ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + INTERVAL ${wanted} DAY`);
    }
  }
}

/** @returns what was dropped */
async function sweep(
  clients: StoreClients,
  partitions: readonly Partition[],
  finestFirst: readonly string[],
  maxBytes: number,
): Promise<Partition[]> {
  let bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0);
  if (maxBytes === 0 || bytes <= maxBytes) return [];
  const rank = (table: string) => finestFirst.indexOf(table);
  const newest = new Map<string, string>();
  for (const { table, id } of partitions) if (id > (newest.get(table) ?? "")) newest.set(table, id);
  const old = partitions
    .filter(({ table, id }) => newest.get(table) !== id)
    .sort((a, b) => rank(a.table) - rank(b.table) || (a.id < b.id ? -1 : 1));
  const gone: Partition[] = [];
  for (const partition of old) {
    if (bytes <= maxBytes) return gone;
    await command(clients, `ALTER TABLE ${partition.table} DROP PARTITION ID '${partition.id}'`);
    bytes -= partition.bytes;
    gone.push(partition);
  }
  if (bytes > maxBytes) await halveNewest(clients, partitions, finestFirst);
  return gone;
}

/** Delete the older half of the largest of the newest partitions, unless that is being done already. */
async function halveNewest(
  clients: StoreClients,
  partitions: readonly Partition[],
  finestFirst: readonly string[],
): Promise<void> {
  const [largest] = partitions.toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined || largest.newestS - largest.oldestS < 120) return;
  const running = await ask<{ count: number }>(
    clients,
    "read running deletions",
    `SELECT count() AS count FROM ${systemTable(clients, "mutations")}
     WHERE database = {database:String} AND NOT is_done AND has({tables:Array(String)}, table)`,
    { database: clients.rowsDatabase, tables: finestFirst },
  );
  if ((running[0]?.count ?? 0) > 0) return;
  const { time } = Object.values(tables)
    .flat()
    .find(({ table }) => table === largest.table)!;
  const middleS = Math.floor((largest.oldestS + largest.newestS) / 2);
  await command(
    clients,
    `ALTER TABLE ${largest.table} DELETE IN PARTITION ID '${largest.id}' WHERE ${time} < toDateTime(${middleS}, 'UTC')`,
  );
}

async function readPartitions(clients: StoreClients): Promise<Partition[]> {
  return await ask<Partition>(
    clients,
    "read what the tables take",
    `SELECT table, partition_id AS id, sum(bytes_on_disk) AS bytes, sum(rows) AS rows,
       toUnixTimestamp(min(min_time)) AS oldestS, toUnixTimestamp(max(max_time)) AS newestS
     FROM ${systemTable(clients, "parts")} WHERE active AND database = {database:String}
     GROUP BY table, partition_id ORDER BY table, partition_id`,
    { database: clients.rowsDatabase },
  );
}

/** A table of the server's own, or of one replica of each shard. */
function systemTable({ cluster }: StoreClients, name: "parts" | "mutations"): string {
  return cluster === undefined ? `system.${name}` : `cluster(${quoted(cluster)}, system, ${name})`;
}

async function command(clients: StoreClients, statement: string): Promise<void> {
  try {
    await changeStructure(clients, statement);
  } catch (error) {
    throw storeErrorFrom(error, "apply the retention", clients.where);
  }
}
