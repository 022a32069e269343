import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type Alarm, AlarmSchema, type ListAlarmsRequest } from "@msec/api/console/v1/alarms_pb.js";
import type { AlarmApi } from "./alarm-tools.ts";
import { groupByRule, readAll } from "./rule-groups.ts";

const alarm = (id: number, ruleId: string, changes: Partial<Alarm> = {}) =>
  create(AlarmSchema, {
    id: String(id),
    ruleId,
    rule: { name: `rule ${ruleId}` },
    severity: 2,
    service: "Flight.a",
    firstMs: id,
    lastMs: 10 * id,
    openedMs: id,
    ...(changes as object),
  });

test("alarms of a rule are one line, the gravest rule first", () => {
  const groups = groupByRule([
    alarm(1, "few"),
    alarm(2, "many", { acknowledgedMs: 5 }),
    alarm(3, "many", { service: "Crew.b", silenced: true }),
    alarm(4, "grave", { severity: 3, service: "" }),
  ]);
  assert.deepEqual(
    groups.map(({ rule, open }) => [rule, open]),
    [
      ["rule grave", 1],
      ["rule many", 2],
      ["rule few", 1],
    ],
  );
  const { unacknowledged, silenced, firstMs, lastMs, services } = groups[1]!;
  assert.deepEqual([unacknowledged, silenced, firstMs, lastMs, services], [1, 1, 2, 30, ["Crew.b", "Flight.a"]]);
});

test("all pages are read, each alarm once, though new ones open meanwhile", async () => {
  const all = Array.from({ length: 1_200 }, (_, index) => alarm(index + 1, "r"));
  const asked: Partial<ListAlarmsRequest>[] = [];
  const listAlarms = async (request: Partial<ListAlarmsRequest>) => {
    asked.push(request);
    all.push(alarm(all.length + 1, "r"));
    const rest = all.filter(({ openedMs }) => openedMs < (request.beforeMs ?? Infinity)).reverse();
    return { alarms: rest.slice(0, request.limit), more: rest.length > request.limit! };
  };
  const found = await readAll({ listAlarms } as unknown as AlarmApi, { ruleId: "r" });
  assert.equal(found.length, 1_201);
  assert.deepEqual(
    asked.map(({ ruleId, beforeId }) => [ruleId, beforeId]),
    [
      ["r", undefined],
      ["r", "702"],
      ["r", "202"],
    ],
  );
});
