import type { ClickHouseSettings } from "@clickhouse/client";
import type { tableColumns } from "../ingest/tables.ts";

/** Where the tables of a telemetry store are when ClickHouse is a cluster of several servers. */
export interface ClusterLayout {
  /** The cluster's name in `remote_servers` of the servers' configuration. */
  readonly cluster: string;
  /** Database that is asked and written to: of Distributed tables, which hold nothing. */
  readonly database: string;
}

/** The database of the tables that hold the rows of one shard, beside the one that is asked. */
export function shardDatabase(database: string): string {
  return `${database}_shard`;
}

const seriesIdKey = "cityHash64(name_id, service_id, instance_id, host_id)";

// Which shard a row goes to. A function of the row alone: a repeat of an insert must come to the same shard, where its token is known. A request's spans
// and lines stay together, as do a series' values, which are then added up where they are.
const shardingKeys: Readonly<Record<string, string>> = {
  span: "flow_id",
  log_line: "if(flow_id != 0, flow_id, cityHash64(host, time))",
  call: "cityHash64(callee, method, host)",
  series_sample: seriesIdKey,
  series_minute: seriesIdKey,
  sample_hour: "cityHash64(service, name, host, instance)",
  schema_migration: "number",
} satisfies Record<keyof typeof tableColumns | "schema_migration", string>;

/**
 * What to say to a cluster for a statement that a single server takes: the same on every server, with a replicated engine in the place of each
 * MergeTree, and a Distributed table made (again) in front of each table that is made or whose columns change.
 *
 * It is sent with `shardDatabase` as its database, so its own names stay bare: ON CLUSTER adds the database to them. Only an INSERT … SELECT, which fills
 * a new table from one that is there, is sent with the database of Distributed tables. The macros `{shard}` and
 * `{replica}` are those of the servers' configuration, as ClickHouse's documentation of ReplicatedMergeTree recommends; Keeper or ZooKeeper must be there.
 *
 * @param statement one of ours: CREATE TABLE, CREATE MATERIALIZED VIEW, ALTER, TRUNCATE or DROP TABLE/VIEW at its beginning, or INSERT … SELECT
 */
export function clusterStatements(statement: string, layout: ClusterLayout): string[] {
  // From each shard's rows to the same shard's.
  if (statement.startsWith("INSERT INTO ")) return [`${statement} SETTINGS parallel_distributed_insert_select = 2`];
  const cluster = quoted(layout.cluster);
  const shard = shardDatabase(layout.database);
  const found =
    /^(CREATE (?:TABLE|MATERIALIZED VIEW) (?:IF NOT EXISTS )?|ALTER TABLE |TRUNCATE TABLE (?:IF EXISTS )?|DROP (?:TABLE|VIEW) (?:IF EXISTS )?)(\w+)/.exec(
      statement,
    );
  if (found === null) throw new RangeError(`no statement about a table: ${statement.slice(0, 60)}`);
  const [head, verb, name = ""] = found;
  // It is filled by ATTACH PARTITION, which a replicated table does once for each part, by its hash: for one that was emptied since it would do nothing.
  if (verb?.startsWith("TRUNCATE") && name === "log_line") return [];
  const path = `/clickhouse/tables/{shard}/${shard}/${name}`;
  const rest = statement
    .slice(head.length)
    .replace(
      /^ (AS|ATTACH PARTITION ALL FROM) (\w+)(?=\n|$)/,
      (_, how: string, other: string) => ` ${how} ${quoted(shard)}.${other}`,
    )
    .replace(
      /\bENGINE = (\w*)MergeTree(?:\(([^)]*)\))?/,
      (_, kind: string, args: string | undefined) =>
        `ENGINE = Replicated${kind}MergeTree('${path}', '{replica}'${args ? `, ${args}` : ""})`,
    )
    .replace(/\bnon_replicated_deduplication_window\b/g, "replicated_deduplication_window");
  const statements = [`${head} ON CLUSTER ${cluster}${rest}`];
  const distributed = `${quoted(layout.database)}.${name}`;
  if (verb?.startsWith("DROP TABLE")) {
    statements.push(`DROP TABLE IF EXISTS ${distributed} ON CLUSTER ${cluster}`);
  } else if (verb?.startsWith("CREATE TABLE") || /^\s+(?:ADD|DROP|MODIFY) COLUMN\b/.test(rest)) {
    const key = shardingKeys[name];
    const place = [cluster, quoted(shard), name, ...(key === undefined ? [] : [key])].join(", ");
    statements.push(
      `CREATE OR REPLACE TABLE ${distributed} ON CLUSTER ${cluster} AS ${quoted(shard)}.${name} ENGINE = Distributed(${place})`,
    );
  }
  return statements;
}

/**
 * Settings of every statement to a cluster.
 *
 * An insert is acknowledged when the shards have it; a subquery over a Distributed table is asked once and its result sent to the shards; a
 * server that does not answer for 20 s is not waited for: it makes up for a change of structure when it is back.
 */
export const clusterSettings: ClickHouseSettings = {
  distributed_foreground_insert: 1,
  distributed_product_mode: "global",
  distributed_ddl_output_mode: "null_status_on_timeout",
  distributed_ddl_task_timeout: "20",
};

/** A name in a statement, whatever is in it. */
export function quoted(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (character) => `\\${character}`)}\``;
}
