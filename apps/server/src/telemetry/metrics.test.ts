import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { CapacityService, OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { EventKind, MetricService } from "@msec/api/console/v1/metrics_pb.js";
import { RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { dialAgent, enrollAgent, startTestServer, type TestServer } from "../testing/test-server.ts";
import { attributePattern } from "./metrics.ts";

// Written in the background: nobody says when.
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "did not happen in twenty seconds");
    await delay(20);
  }
}

it("takes names with semicolons between them as they are, and what begins with ^ as an expression", () => {
  assert.equal(attributePattern(" ^usr.*$ "), "^usr.*$");
  assert.equal(attributePattern("sys.net.eth0.sent_bytes; usr.a+b ;"), "^(sys\\.net\\.eth0\\.sent_bytes|usr\\.a\\+b)$");
  assert.equal(attributePattern(" ; "), "");
});

describe("metrics while their store does not answer", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const refusal = (code: Code, message: RegExp) => (error: unknown) =>
    error instanceof ConnectError && error.code === code && message.test(error.rawMessage);

  it("answers questions with Unavailable, and bad ones with what is wrong", async () => {
    const metrics = server.operator(MetricService);
    const range = { fromMs: 0, toMs: 60_000 };
    const away = refusal(Code.Unavailable, /does not answer/);
    await assert.rejects(metrics.queryMetrics({ ...range, stepS: 60, names: ["usr.a"] }), away);
    await assert.rejects(metrics.listAttributes(range), away);
    await assert.rejects(metrics.listReporters(range), away);
    const wrong = { ...range, stepS: 60, names: ["usr.a"], split: 9 };
    await assert.rejects(metrics.queryMetrics(wrong), refusal(Code.InvalidArgument, /split 9 must be one of 0, 1, 2/));
  });

  it("keeps what is set for one kind, the default for the others, over a restart; refuses what makes no sense", async () => {
    const metrics = server.operator(MetricService);
    const find = async (kind: string) => {
      const { retention } = await server.operator(MetricService).getRetention({});
      const found = retention.find((one) => one.kind === kind);
      return [found?.days, found?.maxBytes];
    };
    assert.deepEqual(await find("logs"), [7, 20e9]);
    const { retention } = await metrics.setRetention({ retention: [{ kind: "logs", days: 14, maxBytes: 1e9 }] });
    assert.equal(retention.length, 4);
    await metrics.setRetention({ retention: [{ kind: "logs", days: 3, maxBytes: 0 }] });
    await server.restart();
    assert.deepEqual(await find("logs"), [3, 0]);
    assert.deepEqual(await find("spans"), [7, 10e9]);
    for (const [bad, why] of [
      [[{ kind: "log", days: 1, maxBytes: 0 }], /"log": expected one of spans, logs, calls, samples/],
      [[{ kind: "logs", days: 0, maxBytes: 0 }], /days 0 must be 1…730/],
      [[{ kind: "logs", days: 1, maxBytes: 5 }], /max_bytes 5 must be 0/],
      [[{ kind: "logs", days: 1, maxBytes: Number.NaN }], /max_bytes NaN/],
      [
        [
          { kind: "logs", days: 1 },
          { kind: "logs", days: 2 },
        ],
        /named twice/,
      ],
      [[], /retention is empty/],
    ] as const) {
      const asked = server.operator(MetricService).setRetention({ retention: [...bad] });
      await assert.rejects(asked, refusal(Code.InvalidArgument, why));
    }
  });

  it("puts each routing switch on the time axis of its service, with who did it; none for what did not change", async () => {
    const registry = server.operator(RegistryService);
    await registry.createService({ name: "Shop.mysql", kind: ServiceKind.EXTERNAL, defaultPort: 3306 });
    const ids: string[] = [];
    for (const address of ["10.0.0.1", "10.0.0.2"]) {
      const { instance } = await registry.addInstance({ service: "Shop.mysql", address, port: 3306 });
      ids.push(instance!.id);
    }
    await registry.setRouting({ instanceIds: [ids[0]!], inRouting: true });
    await registry.setRouting({ instanceIds: ids, inRouting: true });
    server.clock.offsetMs += 10;
    await registry.setRouting({ instanceIds: ids, inRouting: true });
    await registry.setRouting({ instanceIds: ids, inRouting: false });
    const nowMs = Date.now() + server.clock.offsetMs;
    const metrics = server.operator(MetricService);
    const range = { fromMs: nowMs - 60_000, toMs: nowMs + 60_000 };
    const { events } = await metrics.listEvents({ service: "Shop.mysql", ...range });
    const newest = events.find(({ kind }) => kind === EventKind.ROUTING_OUT);
    assert.deepEqual([newest?.subject, newest?.by, newest?.service], ["2 instances", "operator", "Shop.mysql"]);
    assert.ok(events.some(({ kind, subject }) => kind === EventKind.ROUTING_IN && subject === "10.0.0.1:3306"));
    assert.deepEqual((await metrics.listEvents({ service: "Shop.other", ...range })).events, []);
    assert.equal((await metrics.listEvents(range)).events.length, events.length);
    server.clock.offsetMs += 10;
    const operation = { kind: OperationKind.IN, instanceIds: [ids[0]!] };
    const started = await server.operator(CapacityService).startOperation(operation);
    const { events: more } = await metrics.listEvents({ service: "Shop.mysql", ...range });
    assert.equal(more.length, events.length + 1);
    assert.deepEqual([more[0]?.kind, more[0]?.subject], [EventKind.ROUTING_IN, "10.0.0.1:3306"]);
    // What a mark on a curve leads to.
    const { operation: id, operationKind, instances } = more[0] ?? assert.fail();
    assert.deepEqual([id, operationKind, instances], [started.operation?.id, OperationKind.IN, 1]);
    await assert.rejects(metrics.listEvents({ fromMs: 5, toMs: 5 }), refusal(Code.InvalidArgument, /from_ms 5/));
  });

  it("puts a release there when an instance runs something else than before, also when that came while the server was away", async () => {
    await using agent = await enrollAgent(server, "release-host");
    const registry = server.operator(RegistryService);
    await registry.createService({ name: "Shop.cart", kind: ServiceKind.STANDARD, defaultPort: 7963 });
    const added = await registry.addInstance({ service: "Shop.cart", hostId: agent.hostId, address: "10.0.0.1" });
    const about = { name: "Shop.cart", instanceId: added.instance!.id, listen: "10.0.0.1:7963", pid: 7 };
    const report = (release: string, client = agent.client) =>
      client.reportHost({ processes: [{ ...about, release, startedMs: Date.now() + server.clock.offsetMs }] });
    const subjects = async () => {
      const nowMs = Date.now() + server.clock.offsetMs;
      const range = { service: "Shop.cart", fromMs: nowMs - 3_600_000, toMs: nowMs + 3_600_000 };
      const { events } = await server.operator(MetricService).listEvents(range);
      return events.filter(({ kind }) => kind === EventKind.RELEASE).map(({ subject, by }) => `${subject} ${by}`);
    };
    // The first one that is heard of is no release of now; one that nobody knows (it is starting) says nothing.
    for (const release of ["1.0", "1.0", "", "1.1"]) await report(release);
    await until(async () => (await subjects()).length > 0);
    assert.deepEqual(await subjects(), ["10.0.0.1:7963 1.1 release-host"]);
    // Another host has nothing to say of this instance, and this one calls it what it likes.
    await using stranger = await enrollAgent(server, "stranger-host");
    await report("6.6", stranger.client);
    await server.restart();
    await using again = dialAgent(server, agent.identity);
    await again.client.reportHost({ processes: [{ ...about, name: "Shop.other", release: "1.1" }] });
    await report("1.2", again.client);
    await until(async () => (await subjects()).length > 1);
    assert.deepEqual(await subjects(), ["10.0.0.1:7963 1.2 release-host", "10.0.0.1:7963 1.1 release-host"]);
  });
});
