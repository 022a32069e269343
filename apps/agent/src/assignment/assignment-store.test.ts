import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AssignmentSchema } from "@msec/api/agent/v1/control_pb.js";
import { quietLog } from "../testing/quiet-log.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { AssignmentStore } from "./assignment-store.ts";

const assignment = (fields: MessageInitShape<typeof AssignmentSchema> = {}) =>
  create(AssignmentSchema, {
    instanceId: "i1",
    service: "Flight.mod_flight",
    address: "127.0.0.1",
    port: 7963,
    run: true,
    ...fields,
  });

test("an assignment outlives the agent, and an older one does not replace it", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "assignment.json");
  const store = await AssignmentStore.open(file, quietLog().log);
  assert.equal(await store.apply(3n, [assignment()]), true);
  assert.equal(await store.apply(3n, []), false);
  assert.equal(await store.apply(2n, []), false);
  const again = await AssignmentStore.open(file, quietLog().log);
  assert.equal(again.version, 3n);
  assert.deepEqual(again.assignments, [assignment()]);
  assert.equal(await again.apply(4n, []), true);
  assert.deepEqual(again.assignments, []);
});

test("after the host enrolled anew, the next assignment counts whatever its version", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "assignment.json");
  const store = await AssignmentStore.open(file, quietLog().log);
  await store.apply(9n, [assignment()]);
  await store.demote();
  const again = await AssignmentStore.open(file, quietLog().log);
  assert.deepEqual(again.assignments, [assignment()]);
  assert.equal(await again.apply(1n, []), true);
});

test("an operator's order replaces a newer assignment by an older one, after a restore, and counts from there", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "assignment.json");
  const store = await AssignmentStore.open(file, quietLog().log);
  await store.apply(9n, [assignment()]);
  assert.equal(await store.apply(3n, [assignment({ port: 7000 })], true), true);
  const again = await AssignmentStore.open(file, quietLog().log);
  assert.deepEqual([again.version, again.assignments.map(({ port }) => port)], [3n, [7000]]);
  assert.equal(await again.apply(4n, []), true);
});

test("what would lead out of the service directories, or cannot be run, is left out and logged", async () => {
  using directory = temporaryDirectory();
  const { log, lines } = quietLog();
  const store = await AssignmentStore.open(join(directory.path, "assignment.json"), log);
  await store.apply(1n, [
    assignment({ service: "../../etc" }),
    assignment({ service: "Flight" }),
    assignment({ service: "Flight.mod.flight" }),
    assignment({ instanceId: "../x" }),
    assignment({ instanceId: "" }),
    assignment({ address: "127.0.0.1/../.." }),
    assignment({ address: "" }),
    assignment({ port: 65_536 }),
    assignment({ settings: { memoryBytes: Number.NaN } }),
    assignment({ settings: { procnum: 4_000_000_000 } }),
    assignment({ instanceId: "good", address: "::1", port: 0 }),
  ]);
  assert.deepEqual(
    store.assignments.map(({ instanceId }) => instanceId),
    ["good"],
  );
  assert.equal(lines().filter(({ level }) => level === "error").length, 10);
});

test("a damaged file is set aside and the agent starts without an assignment", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "assignment.json");
  writeFileSync(file, "not json");
  const { log, lines } = quietLog();
  const store = await AssignmentStore.open(file, log);
  assert.equal(store.version, 0n);
  assert.equal(lines()[0]?.movedTo, `${file}.damaged`);
});
