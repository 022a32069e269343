import { create } from "@bufbuild/protobuf";
import { AlarmSchema } from "@msec/api/console/v1/alarms_pb.js";
import { expect, test } from "vitest";
import { rowsByRule } from "./rule-rows.ts";

test("three targets of a rule are one line, where the first of them stands", () => {
  const alarm = (id: string, ruleId: string, severity = 2) => create(AlarmSchema, { id, ruleId, severity });
  const list = [
    ...[alarm("a", "one"), alarm("b", "many"), alarm("c", "two"), alarm("d", "many")],
    ...[alarm("e", "two"), alarm("f", "many"), alarm("g", "many", 3)],
  ];
  const rows = rowsByRule(list).map(({ alarms }) => alarms.map(({ id }) => id).join("+"));
  expect(rows).toEqual(["a", "b+d+f", "c", "e", "g"]);
  expect(new Set(rowsByRule(list).map(({ key }) => key)).size).toBe(5);
});
