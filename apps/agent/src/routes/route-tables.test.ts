import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type RouteTable, RouteTableSchema, RoutingPolicySchema } from "@msec/api/agent/v1/common_pb.js";
import { RouteDeltaSchema } from "@msec/api/agent/v1/control_pb.js";
import { combineDigests, routeDelta, routeTableDigest } from "@msec/api/routes";
import { quietLog } from "../testing/quiet-log.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { RouteTables } from "./route-tables.ts";

function table(service: string, version: bigint, ports: number[], deleted = false): RouteTable {
  return create(RouteTableSchema, {
    service,
    version,
    deleted,
    routes: ports.map((port) => ({ instanceId: `i${port}`, address: "127.0.0.1", port, weight: 100, hostId: "h" })),
  });
}

const update = (version: bigint, tables: RouteTable[], replaceAll = false) => ({ version, tables, replaceAll });
const ports = (tables: RouteTables, service: string) =>
  tables
    .after(0n)
    .find((candidate) => candidate.service === service)
    ?.routes.map((route) => route.port);

test("tables are on disk before anybody hears of them, and there again after a restart", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  assert.equal(tables.known, false);
  const heard = tables.untilChanged(new AbortController().signal).then(() => readFileSync(file, "utf8"));
  await tables.apply(update(2n, [table("Flight.mod_flight", 2n, [7963, 7964]), table("Login.mod_user", 1n, [7965])]));
  assert.match(await heard, /Flight\.mod_flight/);

  const again = await RouteTables.open(file, quietLog().log);
  assert.equal(again.known, true);
  assert.equal(again.version, 2n);
  assert.deepEqual(ports(again, "Flight.mod_flight"), [7963, 7964]);
  assert.deepEqual(
    again.after(1n).map(({ service }) => service),
    ["Flight.mod_flight"],
  );
});

test("nothing older or empty replaces what is there, unless an operator ordered it", async () => {
  using directory = temporaryDirectory();
  const { log, lines } = quietLog();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), log);
  await tables.apply(update(5n, [table("Flight.mod_flight", 5n, [7963, 7964])]));
  const kept = () => assert.deepEqual(ports(tables, "Flight.mod_flight"), [7963, 7964]);

  assert.equal(await tables.apply(update(4n, [table("Flight.mod_flight", 4n, [1])])), false, "an older answer");
  kept();
  assert.equal(await tables.apply(update(0n, [])), false, "the answer of a server that lost everything");
  kept();
  assert.equal(await tables.apply(update(6n, [])), true, "an answer without tables");
  kept();
  await tables.apply(update(7n, [table("Flight.mod_flight", 4n, [1])]));
  kept();
  await tables.apply(update(7n, [table("Flight.mod_flight", 5n, [])]));
  kept();
  assert.equal(lines().filter(({ level }) => level === "error").length, 4);

  await tables.apply(update(8n, [table("Flight.mod_flight", 8n, [])]));
  assert.deepEqual(ports(tables, "Flight.mod_flight"), [], "newer and empty: the operator took the last one out");
  await tables.apply(update(3n, [table("Flight.mod_flight", 2n, [7000])], true));
  assert.deepEqual(ports(tables, "Flight.mod_flight"), [7000]);
  assert.equal(tables.version, 3n);
  assert.equal(tables.generation, 1);
});

test("after the host enrolled anew, the next tables replace those of before, whatever their versions; nothing does not", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const before = await RouteTables.open(file, quietLog().log);
  await before.apply(update(9n, [table("A1.b1", 9n, [7963]), table("C1.d1", 8n, [1])]));
  await before.demote();
  const tables = await RouteTables.open(file, quietLog().log);
  assert.equal(tables.appliedVersion, 0n);
  assert.equal(tables.version, 9n, "services keep counting from here until there is something new");
  await tables.apply(update(0n, []));
  assert.deepEqual(ports(tables, "A1.b1"), [7963]);
  await tables.apply(update(2n, [table("A1.b1", 2n, [7000])]));
  assert.deepEqual(ports(tables, "A1.b1"), [7000]);
  assert.equal(ports(tables, "C1.d1"), undefined);
  assert.equal(tables.version, 2n);
  assert.equal(tables.generation, 1);
});

test("a table with a bad route does not replace a good one, and others of the same answer are applied", async () => {
  using directory = temporaryDirectory();
  const { log, lines } = quietLog();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [7963])]));
  const bad = (change: (table: RouteTable) => void) => {
    const made = table("A1.b1", 2n, [7963, 7964]);
    change(made);
    return made;
  };
  const faults: RouteTable[] = [
    bad((made) => (made.routes[1]!.port = 0)),
    bad((made) => (made.routes[1]!.port = 65_536)),
    bad((made) => (made.routes[1]!.weight = 0)),
    bad((made) => (made.routes[1]!.weight = 4_294_967_295)),
    bad((made) => (made.routes[1]!.address = "a b")),
    bad((made) => (made.routes[1]!.instanceId = "")),
    bad((made) => (made.routes = Array.from({ length: 10_001 }, () => made.routes[0]!))),
    bad((made) => (made.service = "../etc")),
    bad((made) => (made.routes[1]!.weight = Number.NaN)),
    bad((made) => (made.routes[1]!.zone = "a b")),
    bad((made) => Object.assign(made.routes[1]!, { transport: 4 })),
    bad((made) => (made.policy = create(RoutingPolicySchema, { constants: { warmUpMs: Number.NaN } }))),
    bad((made) => (made.policy = create(RoutingPolicySchema, { constants: { warmUpMs: -1 } }))),
    bad((made) => {
      // The same object a million times: what counts is that nobody walks through it.
      made.routes = new Array(1_000_000).fill(made.routes[0]);
    }),
  ];
  await tables.apply(update(2n, [...faults, table("C1.d1", 2n, [1])]));
  assert.deepEqual(ports(tables, "A1.b1"), [7963]);
  assert.deepEqual(ports(tables, "C1.d1"), [1]);
  assert.equal(lines().filter(({ level }) => level === "error").length, faults.length);
});

test("who has a table hears that its service is gone; who has none does not", async () => {
  using directory = temporaryDirectory();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), quietLog().log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [7963])]));
  await tables.apply(update(2n, [table("A1.b1", 2n, [], true)]));
  assert.deepEqual(
    tables.after(1n).map(({ deleted }) => deleted),
    [true],
  );
  assert.deepEqual(tables.after(0n), []);
});

test("a damaged file is set aside and said, and the agent starts without tables", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [7963])]));
  writeFileSync(file, readFileSync(file, "utf8").replace("7963", "7964"));
  const { log, lines } = quietLog();
  const again = await RouteTables.open(file, log);
  assert.equal(again.known, false);
  assert.equal(again.version, 0n);
  assert.match(String(lines()[0]?.msg), /its checksum does not match/);
  assert.match(readFileSync(`${file}.damaged`, "utf8"), /7964/);
});

const all = (...tables: RouteTable[]) => combineDigests(tables.map(routeTableDigest));

test("killed at any byte of a change, the agent has what was before or what is after it, and goes on", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [1]), table("A1.b2", 1n, [2])]));
  await tables.setZone("区 az-1");
  const before = readFileSync(file);
  await tables.apply(update(2n, [table("A1.b1", 2n, [1, 3])]));
  const after = readFileSync(file);
  assert.deepEqual(after.subarray(0, before.length), before, "a change is appended");
  assert.ok(after.length - before.length < before.length, "and costs what changed");
  for (let length = 0; length <= after.length; length += length < before.length - 2 ? 13 : 1) {
    writeFileSync(file, after.subarray(0, length));
    const { log, lines } = quietLog();
    const again = await RouteTables.open(file, log);
    const isWhole = length === after.length;
    if (length >= before.length) {
      assert.deepEqual(
        [again.version, ports(again, "A1.b1"), ports(again, "A1.b2"), again.zone],
        [isWhole ? 2n : 1n, isWhole ? [1, 3] : [1], [2], "区 az-1"],
        `${length} bytes`,
      );
      assert.equal(again.appliedVersion, again.version, "nothing but the change is asked for");
    }
    assert.deepEqual(
      lines().filter(({ level }) => level === "error"),
      [],
    );
    if (length % 97 !== 0) continue;
    // What was cut off does not stand before what follows.
    await again.apply(update(3n, [table("A1.b2", 3n, [9])]));
    const third = await RouteTables.open(file, quietLog().log);
    assert.deepEqual([third.version, ports(third, "A1.b2")], [3n, [9]], `after ${length} bytes`);
  }
});

test("with a damaged record those before it are used, and everything is asked for", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [7001])]));
  await tables.apply(update(2n, [table("A1.b2", 2n, [7002])]));
  await tables.apply(update(3n, [table("A1.b3", 3n, [7003])]));
  writeFileSync(file, readFileSync(file, "utf8").replace("7002", "7009"));
  const again = await RouteTables.open(file, quietLog().log);
  assert.deepEqual(
    [again.known, ports(again, "A1.b1"), ports(again, "A1.b2"), again.appliedVersion],
    [true, [7001], undefined, 0n],
  );
  await again.apply({ ...update(3n, [table("A1.b1", 1n, [7001]), table("A1.b2", 2n, [7002])]), isFull: true });
  const third = await RouteTables.open(file, quietLog().log);
  assert.deepEqual([third.appliedVersion, ports(third, "A1.b1"), ports(third, "A1.b2")], [3n, [7001], [7002]]);
});

test("a new zone of the host is heard by who waits, and known without the server", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  const heard = tables.untilChanged(new AbortController().signal);
  await tables.setZone("az1");
  await heard;
  const again = await RouteTables.open(file, quietLog().log);
  assert.deepEqual([again.zone, again.known, again.appliedVersion], ["az1", false, 0n], "which says nothing of routes");
});

test("what everything does not have is not on disk either", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "routes.json");
  const tables = await RouteTables.open(file, quietLog().log);
  await tables.apply(update(1n, [table("A1.b1", 1n, [1]), table("A1.b2", 1n, [2])]));
  await tables.apply({ ...update(2n, [table("A1.b2", 2n, [5])], true), isFull: true });
  const again = await RouteTables.open(file, quietLog().log);
  assert.equal(again.size, 1);
  assert.deepEqual(ports(again, "A1.b2"), [5]);
});

test("a delta changes the table that it was made for; one that does not fit makes the agent ask for everything", async () => {
  using directory = temporaryDirectory();
  const { log, lines } = quietLog();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), log);
  const [first, second] = [table("A1.b1", 1n, [1, 2, 3, 4, 5]), table("A1.b1", 3n, [2, 3, 4, 5, 6])];
  const other = table("C1.d1", 2n, [9]);
  await tables.apply({ ...update(2n, [first, other]), digest: all(first, other), isFull: true });
  const delta = create(RouteDeltaSchema, routeDelta(first, second)!);
  assert.equal(await tables.apply({ ...update(3n, []), deltas: [delta], digest: all(second, other) }), true);
  assert.deepEqual(ports(tables, "A1.b1"), [2, 3, 4, 5, 6]);
  assert.equal(tables.digest, all(second, other));
  assert.equal(tables.appliedVersion, 3n);

  // The same again is from a version that is not here any more; one for a service that is not here fits neither.
  for (const misfit of [delta, { ...delta, service: "E1.f1" }]) {
    await tables.apply({ ...update(4n, []), deltas: [misfit], digest: 1n });
    assert.deepEqual([tables.version, tables.appliedVersion], [3n, 0n]);
    await tables.apply({ ...update(4n, [second, other]), digest: all(second, other), isFull: true });
    assert.deepEqual([tables.version, tables.appliedVersion], [4n, 4n]);
    await tables.apply({ ...update(3n, [second, other], true), digest: all(second, other) });
  }
  assert.equal(lines().filter(({ level }) => level === "error").length, 2);
});

test("an answer whose digest is wrong is refused as a whole, also one with everything, and what is here stays in use", async () => {
  using directory = temporaryDirectory();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), quietLog().log);
  const [good, newer] = [table("A1.b1", 1n, [1, 2]), table("A1.b1", 2n, [1, 2, 3])];
  await tables.apply({ ...update(1n, [good]), digest: all(good), isFull: true });
  const forged = table("A1.b1", 2n, [1, 2, 666]);
  assert.equal(await tables.apply({ ...update(2n, [forged]), digest: all(newer) }), true, "asks again at once");
  assert.deepEqual([ports(tables, "A1.b1"), tables.appliedVersion], [[1, 2], 0n]);
  assert.equal(await tables.apply({ ...update(2n, [forged]), digest: all(newer), isFull: true }), false, "waits first");
  assert.deepEqual(ports(tables, "A1.b1"), [1, 2]);
  await tables.apply({ ...update(2n, [newer]), digest: all(newer), isFull: true });
  assert.deepEqual(ports(tables, "A1.b1"), [1, 2, 3]);
});

test("what an answer with everything does not have is gone, and processes that had it hear so; an answer of nothing says nothing", async () => {
  using directory = temporaryDirectory();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), quietLog().log);
  const [one, two] = [table("A1.b1", 1n, [1]), table("C1.d1", 2n, [2])];
  await tables.apply({ ...update(2n, [one, two]), digest: all(one, two), isFull: true });
  await tables.apply({ ...update(3n, []), digest: 0n, isFull: true });
  assert.deepEqual(ports(tables, "C1.d1"), [2]);
  await tables.apply({ ...update(4n, [one]), digest: all(one), isFull: true });
  assert.deepEqual(
    tables.after(2n).map(({ service, deleted }) => [service, deleted]),
    [["C1.d1", true]],
  );
  assert.equal(tables.digest, all(one));
});

test("a refused table is said with its reason until a good one comes, and the rest of its answer counts", async () => {
  using directory = temporaryDirectory();
  const tables = await RouteTables.open(join(directory.path, "routes.json"), quietLog().log);
  const [bad, good] = [table("A1.b1", 1n, [0]), table("C1.d1", 1n, [2])];
  await tables.apply({ ...update(1n, [bad, good]), digest: all(bad, good), isFull: true });
  assert.deepEqual([tables.version, tables.digest], [1n, all(good)]);
  assert.match(tables.refused[0]?.reason ?? "", /port 0/);
  const mended = table("A1.b1", 2n, [1]);
  await tables.apply({ ...update(2n, [mended]), digest: all(mended, good) });
  assert.deepEqual([tables.refused, tables.digest], [[], all(mended, good)]);
});
