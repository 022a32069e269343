import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AlarmRuleSchema } from "@msec/api/console/v1/alarms_pb.js";
import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { conditionText, numberText, targetText, valueText } from "./alarm-words.ts";
import { parseAlarmsSearch, parseEditSearch } from "./alarms-search.ts";
import { missingFields } from "./rule-draft.ts";

const t = ((key: string, values?: { count?: number; of?: string }) =>
  `${key.replace(/^alarm\./, "")}${values?.count ?? ""}${values?.of === undefined ? "" : `(${values.of})`}`) as unknown as TFunction;
const text = (rule: MessageInitShape<typeof AlarmRuleSchema>) => conditionText(t, create(AlarmRuleSchema, rule));

test("a rule is said in one line", () => {
  expect(text({ subject: 2, condition: 1, threshold: 5 })).toBe("subject.n2 > 5 %");
  expect(text({ subject: 4, metric: "usr.orders", condition: 2, threshold: 10 })).toBe("usr.orders < 10");
  expect(text({ subject: 3, condition: 4, threshold: 50, direction: 2, baseline: 1 })).toBe(
    "subject.n3 ↑ > 50 % text.yesterday",
  );
  expect(text({ subject: 1, condition: 3, threshold: 50, direction: 1, baseline: 2, baselineMinutes: 5 })).toBe(
    "subject.n1 ± > 50 text.previous5",
  );
  expect(text({ subject: 5, logLevel: "error", logText: "disk", condition: 5 })).toBe(
    "text.logLines(logs.fromLevel · “disk”) text.silent",
  );
  expect(text({ subject: 6, scope: 3, condition: 5 })).toBe("text.hostDown");
});

test("values have their unit, and a dash where there is none", () => {
  expect([
    valueText({ subject: 2 }, 12.3456),
    valueText({ subject: 3 }, 1234.5),
    valueText({ subject: 4 }, undefined),
  ]).toEqual(["12.3 %", "1,235 ms", "–"]);
  expect(numberText(Number.POSITIVE_INFINITY)).toBe("∞");
});

test("targets are named by their service and place", () => {
  expect(targetText({ service: "A.b", instance: "1.2.3.4:5", host: "" })).toBe("A.b @ 1.2.3.4:5");
  expect(targetText({ service: "", instance: "", host: "alpha" })).toBe("alpha");
});

test("an address says only what is understood", () => {
  expect(parseAlarmsSearch({ rule: "a1" })).toEqual({ rule: "a1" });
  expect(parseAlarmsSearch({ rule: "" })).toEqual({});
  expect(parseAlarmsSearch({ history: true, severity: 3, service: "A.b", unacknowledged: "yes", x: 1 })).toEqual({
    history: true,
    severity: 3,
    service: "A.b",
  });
  expect(parseEditSearch({ edit: 12 })).toEqual({ edit: "12" });
  expect(parseEditSearch({ edit: ["x"] })).toEqual({});
});

test("a rule needs a name, and the service or the attribute that it looks at", () => {
  const missing = (rule: MessageInitShape<typeof AlarmRuleSchema>) => missingFields(create(AlarmRuleSchema, rule));
  expect(missing({ subject: 2, scope: 1, name: " " })).toEqual(["rule-name", "rule-service"]);
  expect(missing({ subject: 2, scope: 1, name: "errors", service: "*" })).toEqual([]);
  expect(missing({ subject: 4, scope: 3, name: "disk" })).toEqual(["rule-metric"]);
  expect(missing({ subject: 6, scope: 3, name: "hosts" })).toEqual([]);
});
