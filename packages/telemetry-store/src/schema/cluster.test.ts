import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterStatements, quoted } from "./cluster.ts";
import { readMigrations } from "./migrate.ts";

const layout = { cluster: "big one", database: "msec" };

test("a table of a cluster is replicated in each shard and has a Distributed table in front", () => {
  const create = `CREATE TABLE IF NOT EXISTS span (
  start DateTime
)
ENGINE = MergeTree
ORDER BY start
SETTINGS non_replicated_deduplication_window = 10000`;
  assert.deepEqual(clusterStatements(create, layout), [
    `CREATE TABLE IF NOT EXISTS span ON CLUSTER \`big one\` (
  start DateTime
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/msec_shard/span', '{replica}')
ORDER BY start
SETTINGS replicated_deduplication_window = 10000`,
    "CREATE OR REPLACE TABLE `msec`.span ON CLUSTER `big one` AS `msec_shard`.span ENGINE = Distributed(`big one`, `msec_shard`, span, flow_id)",
  ]);
});

test("a changed column is known to the Distributed table as well; what it need not know it is not told", () => {
  assert.equal(clusterStatements("ALTER TABLE log ADD COLUMN IF NOT EXISTS dyed UInt8", layout).length, 2);
  assert.deepEqual(clusterStatements("ALTER TABLE log DROP PARTITION ID '1'", layout), [
    "ALTER TABLE log ON CLUSTER `big one` DROP PARTITION ID '1'",
  ]);
  assert.deepEqual(clusterStatements("ALTER TABLE t ATTACH PARTITION ALL FROM old", layout), [
    "ALTER TABLE t ON CLUSTER `big one` ATTACH PARTITION ALL FROM `msec_shard`.old",
  ]);
  assert.deepEqual(
    clusterStatements("TRUNCATE TABLE IF EXISTS log_line", layout),
    [],
    "what is attached is attached once",
  );
  assert.match(
    clusterStatements("CREATE TABLE IF NOT EXISTS t AS old\nENGINE = MergeTree\nORDER BY a", layout)[0]!,
    /^CREATE TABLE IF NOT EXISTS t ON CLUSTER `big one` AS `msec_shard`\.old\nENGINE = Replicated/,
  );
  assert.deepEqual(clusterStatements("CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1", layout), [
    "CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER `big one` TO t AS SELECT 1",
  ]);
});

test("every statement of the schema can be said to a cluster, and no table of it stays without replicas", () => {
  for (const statement of readMigrations().flatMap(({ statements }) => statements)) {
    const said = clusterStatements(statement, layout);
    if (statement.startsWith("INSERT")) continue;
    for (const each of said) assert.match(each, / ON CLUSTER `big one`/);
    assert.doesNotMatch(said[0] ?? "", /ENGINE = (?!Replicated)|non_replicated/);
  }
});

test("a statement about anything else is refused, and a name cannot leave its quotes", () => {
  assert.throws(() => clusterStatements("SELECT 1", layout), /no statement about a table/);
  assert.equal(quoted("a`b\\"), "`a\\`b\\\\`");
});
