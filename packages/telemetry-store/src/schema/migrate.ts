import { readdirSync, readFileSync } from "node:fs";
import type { ClickHouseSettings } from "@clickhouse/client";
import type { StoreClients } from "../client.ts";
import { clusterStatements, quoted } from "./cluster.ts";

/** One step of the schema: a file `0001-what-it-does.sql` in this folder. */
export interface Migration {
  number: number;
  name: string;
  /** Its statements, each harmless to repeat: ClickHouse has no transaction around them. */
  statements: string[];
}

/** All migrations, in order of their numbers. */
export function readMigrations(): Migration[] {
  const files = readdirSync(import.meta.dirname).filter((file) => /^\d{4}-.*\.sql$/.test(file));
  return files.sort().map((file) => ({
    number: Number(file.slice(0, 4)),
    name: file.slice(5, -".sql".length),
    statements: splitStatements(readFileSync(`${import.meta.dirname}/${file}`, "utf8")),
  }));
}

/** Split at semicolons that end a line; comments that stand on lines of their own are dropped. */
export function splitStatements(sql: string): string[] {
  return sql
    .replaceAll(/^\s*--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/**
 * Bring a store's schema up to date: make its databases where they are missing, run what has not run there.
 *
 * @returns the numbers that ran
 * @throws ClickHouseError of the statement that failed; those before it stay
 */
export async function migrate(clients: StoreClients): Promise<number[]> {
  const { root, client, cluster, database, rowsDatabase } = clients;
  for (const name of new Set([database, rowsDatabase])) {
    const everywhere = cluster === undefined ? "" : ` ON CLUSTER ${quoted(cluster)}`;
    await root.command({ query: `CREATE DATABASE IF NOT EXISTS ${quoted(name)}${everywhere}` });
  }
  await changeStructure(
    clients,
    `CREATE TABLE IF NOT EXISTS schema_migration (number UInt32, name String, time DateTime DEFAULT now())
      ENGINE = MergeTree ORDER BY number`,
  );
  const result = await client.query({ query: "SELECT number FROM schema_migration", format: "JSONCompactEachRow" });
  const done = new Set((await result.json<[number]>()).map(([number]) => number));
  const ran: number[] = [];
  for (const { number, name, statements } of readMigrations()) {
    if (done.has(number)) continue;
    for (const statement of statements) {
      if (await isKnown(clients, statement)) await changeStructure(clients, statement);
    }
    await client.insert({ table: "schema_migration", values: [{ number, name }], format: "JSONEachRow" });
    ran.push(number);
  }
  return ran;
}

/** Whether the server knows the setting that a statement changes, if it is one: an older server has nothing to turn off. */
async function isKnown({ client }: StoreClients, statement: string): Promise<boolean> {
  const setting = /^ALTER TABLE \w+ MODIFY SETTING (\w+)/.exec(statement)?.[1];
  if (setting === undefined) return true;
  const result = await client.query({
    query: "SELECT name FROM system.merge_tree_settings WHERE name = {setting:String}",
    query_params: { setting },
    format: "JSONEachRow",
  });
  return (await result.json()).length > 0;
}

// To fill a table from another one takes as long as it takes, and no more memory however much there is: what is inserted at once is sorted at once. Whoever keeps little for
// long has more days in that than an insert may have.
const fillSettings: ClickHouseSettings = {
  max_execution_time: 0,
  max_insert_block_size: "500000",
  min_insert_block_size_rows: "500000",
  max_partitions_per_insert_block: "0",
};

/**
 * Make or change a table, or what it holds as a whole (a partition), on the server or on every server of the cluster.
 *
 * @throws ClickHouseError
 */
export async function changeStructure(
  { patient, rows, cluster, database }: StoreClients,
  statement: string,
): Promise<void> {
  const statements = cluster === undefined ? [statement] : clusterStatements(statement, { cluster, database });
  for (const query of statements) {
    if (query.startsWith("INSERT")) await patient.command({ query, clickhouse_settings: fillSettings });
    else await rows.command({ query });
  }
}
