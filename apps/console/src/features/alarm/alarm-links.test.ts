import { create } from "@bufbuild/protobuf";
import { AlarmSchema, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import { expect, test } from "vitest";
import { alarmLinks } from "./alarm-links.ts";

const at = Date.UTC(2026, 10, 22, 12);
const minute = 60_000;

function alarmOf(rule: object, target: object) {
  return create(AlarmSchema, { firstMs: at, lastMs: at + 5 * minute, rule, ...target });
}

test("errors lead to the failed requests of that time, its curves and the errors in its log", () => {
  const alarm = alarmOf({ subject: AlarmSubject.ERROR_RATIO, method: "pay" }, { service: "Shop.order" });
  const range = { from: at - minute, to: at + 7 * minute };
  expect(alarmLinks(alarm, at + 6 * minute)).toEqual({
    requests: { service: "Shop.order", ...range, method: "pay", failed: true },
    curves: { service: "Shop.order", search: { range: "1h" } },
    logs: { service: "Shop.order", ...range, level: "error" },
  });
});

test("curves of an alarm that is long over end soon after it, and only its last hour of requests is asked for", () => {
  const alarm = alarmOf({ subject: AlarmSubject.P99 }, { service: "Shop.order", lastMs: at + 300 * minute });
  const links = alarmLinks(alarm, at + 1_000 * minute);
  expect(links.curves?.search).toEqual({ range: "1h", until: at + 312 * minute });
  expect(links.requests).toMatchObject({ from: at + 239 * minute, order: "slowest" });
});

test("a metric leads to its curve, log lines to those that the rule counts, a host to what it reports", () => {
  const metric = alarmOf({ subject: AlarmSubject.METRIC, metric: "sys.load.1m" }, { host: "vm" });
  expect(alarmLinks(metric, at)).toEqual({ monitor: { host: "vm", names: "sys.load.1m" } });
  const log = { subject: AlarmSubject.LOG, logLevel: "warn", logText: 'say "no"', logWhere: "uid = 7" };
  expect(alarmLinks(alarmOf(log, { service: "A.b" }), at).logs).toMatchObject({
    level: "warn",
    where: '(text ~ "say \\"no\\"") and (uid = 7)',
  });
  const silent = alarmOf({ subject: AlarmSubject.LIVENESS }, { host: "vm" });
  expect(alarmLinks(silent, at)).toEqual({ monitor: { host: "vm", names: "^sys.*$" } });
});
