import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { batchOf } from "../fixture/batches.ts";
import { openTelemetryStore, type TelemetryStore } from "../open-telemetry-store.ts";
import { defaultRetention } from "../retention/retention.ts";
import { engineCommand } from "../start-engine.ts";

// The real engine with one shard and itself as its only server. It has no Keeper, so what needs one, ON CLUSTER and the replicated engines, goes no further
// than its parser; the rest of each statement, and everything that is asked afterwards, it carries out on Distributed tables.
const configuration = `<clickhouse>
  <tcp_port>9</tcp_port>
  <remote_servers><all><shard><internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9</port></replica>
  </shard></all></remote_servers>
</clickhouse>`;

const identity = { host: "host-1", service: "Flight.mod_flight", instance: "127.0.0.1:7963" };

describe("a telemetry store over a cluster", () => {
  let directory: string;
  let engine: ChildProcess;
  let proxy: Server;
  let store: TelemetryStore;
  const parsed: string[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "msec-cluster-"));
    const socket = join(directory, "t.sock");
    await writeFile(join(directory, "config.xml"), configuration);
    const { file, args } = engineCommand({ dataDir: join(directory, "data"), socket });
    engine = spawn(file, args, { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
    await once(engine.stdout!, "data");
    proxy = createServer(async (incoming, outgoing) => {
      const say = async (path: string, body: string | typeof incoming) => {
        const forwarded = request({
          socketPath: socket,
          path,
          method: "POST",
          headers: { "content-type": "text/plain" },
        });
        if (typeof body === "string") forwarded.end(body);
        else body.pipe(forwarded);
        const [answer] = await once(forwarded, "response");
        return answer;
      };
      const statement = incoming.url?.includes("query=") ? undefined : await text(incoming);
      if (statement?.includes(" ON CLUSTER ")) {
        const answer = await say(
          `/?param_statement=${encodeURIComponent(encodeParameter(statement))}`,
          "SELECT formatQuery({statement:String})",
        );
        assert.equal(answer.statusCode, 200, await text(answer));
        parsed.push(statement);
      }
      const answer = await say(incoming.url ?? "/", statement === undefined ? incoming : withoutKeeper(statement));
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    store = openTelemetryStore({ url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, cluster: "all" });
    await store.waitReady();
  });

  after(async () => {
    await store?.close();
    proxy?.closeAllConnections();
    proxy?.close();
    if (engine !== undefined && engine.exitCode === null) {
      engine.kill("SIGTERM");
      await once(engine, "exit");
    }
    await rm(directory, { recursive: true, force: true });
  });

  test("has a Distributed table in front of each replicated one, all of it grammatical to the real parser", () => {
    assert.ok(
      parsed.some((statement) =>
        /ReplicatedMergeTree\('\/clickhouse\/tables\/\{shard\}\/msec_shard\/span', '\{replica\}'\)/.test(statement),
      ),
    );
    assert.ok(parsed.some((statement) => /ENGINE = Distributed\(`all`, `msec_shard`, span, flow_id\)/.test(statement)));
  });

  test("stores a batch once however often it comes, and answers from all shards", async () => {
    const startUs = (Date.now() - 1_000) * 1_000;
    const traceId = "0af7651916cd43dd8448eb211c80319d";
    const batch = batchOf({
      spans: [{ traceId, spanId: "b000000000000001", startUs, method: "flight.flight_service.queryFlight" }],
      logs: [{ traceId, timeUs: startUs + 10, text: "cluster line", fields: { seat: "12A" } }],
    });
    await store.ingest(identity, batch, "host-1/1");
    await store.ingest(identity, batch, "host-1/1");
    const flow = await store.getFlow(traceId);
    assert.equal(flow?.spans.length, 1);
    const page = await store.searchRequests({ fromMs: Date.now() - 60_000, toMs: Date.now() + 60_000, limit: 10 });
    assert.equal(page.requests.length, 1);
  });

  test("a field gets a column in every shard and in front of them, and loses it", async () => {
    await store.logs.defineField({ name: "seat", type: "text" });
    assert.deepEqual(await store.logs.listFields(), [{ name: "seat", type: "text" }]);
    await store.logs.removeField("seat");
    assert.deepEqual(await store.logs.listFields(), []);
  });

  test("keeps to its retention by the shards' own parts", async () => {
    const { usage } = await store.applyRetention({ ...defaultRetention, spans: { days: 3, maxBytes: 10e9 } });
    assert.equal(usage.find(({ kind }) => kind === "spans")?.rows, 1 + 1);
    assert.ok(parsed.some((statement) => /^ALTER TABLE span ON CLUSTER `all` MODIFY TTL/.test(statement)));
  });
});

/** What a server with Keeper would do on each of its hosts. */
function withoutKeeper(statement: string): string {
  return statement
    .replace(" ON CLUSTER `all`", "")
    .replace(/ENGINE = Replicated(\w*MergeTree)\('[^']*', '\{replica\}'\)/, "ENGINE = $1")
    .replace(/\breplicated_deduplication_window\b/, "non_replicated_deduplication_window");
}

/** As ClickHouse's HTTP interface takes a parameter's text. */
function encodeParameter(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
