import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type RouteTable, RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import { SharedFindings } from "../sharing/shared-findings.ts";
import { localLimits } from "./local-limits.ts";
import { traceIdOf } from "./request-id.ts";
import { RouteDesk } from "./route-desk.ts";

const SERVICE = "Login.mod_user";

function tableOf(ports: readonly number[], more: MessageInitShape<typeof RouteTableSchema> = {}): RouteTable {
  const routes = ports.map((port) => ({
    instanceId: `i${port}`,
    address: "10.0.0.1",
    port,
    weight: 100,
    hostId: `h${port}`,
  }));
  return create(RouteTableSchema, { service: SERVICE, version: 1n, routes, ...more });
}

function world(table: RouteTable) {
  const clock = { ms: 1_000 };
  const tables = new Map([[SERVICE, table]]);
  const shared = new SharedFindings({ now: () => clock.ms, isRouted: () => true });
  const desk = new RouteDesk({
    tables: { find: (service) => tables.get(service), all: () => [...tables.values()], zone: "" },
    shared,
    now: () => clock.ms,
    hostId: () => "h2",
  });
  const thought = (port: number) => desk.explain(SERVICE).instances.find((each) => each.port === port)!;
  return { clock, tables, shared, desk, thought };
}

test("a lent route is a call in flight until something is said of it, or a minute has passed; then it says nothing", () => {
  const { clock, desk, thought } = world(tableOf([1]));
  const first = desk.lend(SERVICE);
  desk.lend(SERVICE);
  assert.equal(thought(1).inFlight, 2);
  desk.report(first.handle, { ok: false, costMs: 5 });
  assert.deepEqual([thought(1).inFlight, thought(1).state], [1, "ejected"]);
  clock.ms += localLimits.loanMs;
  desk.tick();
  assert.deepEqual([thought(1).inFlight, thought(1).state], [0, "ejected"], "silence brings nothing back");
});

test("a handle may be used again, each time for one more call, until ten minutes after its last use", () => {
  const { clock, desk, thought } = world(tableOf([1]));
  const { handle } = desk.lend(SERVICE);
  for (let call = 0; call < 3; call++) {
    desk.report(handle, { ok: true, costMs: 7 });
    clock.ms += localLimits.handleMs - 1;
    desk.tick();
  }
  assert.deepEqual([thought(1).inFlight, thought(1).latencyMs], [0, 7]);
  clock.ms += 1;
  desk.tick();
  assert.throws(
    () => desk.report(handle, { ok: true, costMs: 7 }),
    /not given by this agent, or not used for ten minutes/,
  );
});

test("an instance that answers with failures is left out after five, one that cannot be reached at once", () => {
  const { desk, thought } = world(tableOf([1, 2, 3]));
  const { handle, route } = desk.lend(SERVICE);
  for (let call = 0; call < 4; call++) desk.report(handle, { ok: false, costMs: 1, reached: true });
  assert.equal(thought(route.port).state, "serving");
  desk.report(handle, { ok: false, costMs: 1, reached: true });
  assert.equal(thought(route.port).state, "ejected");
});

test("beyond the most handles the one not used for longest is forgotten, and counts as given back", () => {
  const { desk, thought } = world(tableOf([1]));
  const { handle } = desk.lend(SERVICE);
  for (let more = 0; more < localLimits.loans; more++) desk.lend(SERVICE);
  assert.equal(thought(1).inFlight, localLimits.loans);
  assert.throws(() => desk.report(handle, { ok: true, costMs: 1 }), /not given/);
});

test("what is said is told to the host's processes once, and what they found is listened to", () => {
  const { desk, shared, thought } = world(tableOf([1, 2]));
  const { handle, route } = desk.lend(SERVICE);
  desk.report(handle, { ok: false, costMs: 5 });
  desk.tick();
  assert.equal(shared.hearsayOf(SERVICE)[0]?.leftOut, true);
  const [caller] = shared.callersOf(SERVICE);
  assert.deepEqual([caller?.instance, caller?.instances.map(({ port }) => port)], ["local-api", [route.port]]);
  const other = world(tableOf([1, 2]));
  const finding = { ...thought(route.port), calls: 1, ageMs: 0, leftOut: true, latencyRatio: 0, successShare: 1 };
  other.shared.tell({ service: "Test.other", instance: "pid:7", pid: 7 }, SERVICE, [finding]);
  for (let call = 0; call < 5; call++) assert.notEqual(other.desk.lend(SERVICE).route.port, route.port);
});

test("other constants for a service leave what was learned of its instances", () => {
  const { tables, desk, thought } = world(tableOf([1, 2]));
  for (let call = 0; call < 40; call++) {
    const { handle, route } = desk.lend(SERVICE);
    desk.report(handle, { ok: route.port === 1, costMs: 5, reached: true });
  }
  const before = [thought(1), thought(2)].map(({ latencyMs, successRatio, state }) => [latencyMs, successRatio, state]);
  assert.equal(before[1]?.[2], "ejected");
  tables.set(SERVICE, tableOf([1, 2], { version: 2n, policy: { constants: { warmUpMs: 100, hangFloorMs: 60 } } }));
  const after = [thought(1), thought(2)].map(({ latencyMs, successRatio, state }) => [latencyMs, successRatio, state]);
  assert.deepEqual(after, before);
});

test("a new table is taken over at once, and a new policy with it", () => {
  const { tables, desk } = world(tableOf([1]));
  assert.equal(desk.lend(SERVICE).route.port, 1);
  tables.set(SERVICE, tableOf([2, 3]));
  assert.notEqual(desk.lend(SERVICE).route.port, 1);
  tables.set(SERVICE, tableOf([1, 2, 3], { policy: { name: "consistent-hash" } }));
  const ports = new Set(
    Array.from({ length: 20 }, () => {
      const { handle, route } = desk.lend(SERVICE, "bison");
      desk.report(handle, { ok: true, costMs: 1 });
      return route.port;
    }),
  );
  assert.equal(ports.size, 1);
  tables.set(SERVICE, tableOf([1, 2, 3], { policy: { locality: true, constants: { nonsense: 1 } } }));
  const { handle, route } = desk.lend(SERVICE);
  desk.report(handle, { ok: true, costMs: 1 });
  assert.equal(route.port, 2, "on this host; a constant that this version does not know changes nothing");
  tables.set(SERVICE, tableOf([]));
  assert.throws(() => desk.lend(SERVICE), /no instance in routing/);
  tables.delete(SERVICE);
  assert.throws(() => desk.lend(SERVICE), /there is no service/);
});

test("a request id is 32 hex digits, or a flow id in hex or decimal", () => {
  const hex = (text: string) => {
    const id = traceIdOf(text);
    return id && Buffer.from(id).toString("hex");
  };
  assert.equal(hex("0123456789ABCDEF0123456789abcdef"), "0123456789abcdef0123456789abcdef");
  assert.equal(hex("00000000000000ff"), "000000000000000000000000000000ff");
  assert.equal(hex("255"), "000000000000000000000000000000ff");
  assert.equal(hex("18446744073709551615"), "0000000000000000ffffffffffffffff");
  for (const bad of ["", "18446744073709551616", "-1", "0x1", "0123456789abcdef0", "zz"])
    assert.equal(hex(bad), undefined, bad);
});
