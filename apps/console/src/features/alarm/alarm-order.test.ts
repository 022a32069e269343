import { expect, test } from "vitest";
import { openAlarmOrder } from "./alarm-order.ts";

const alarm = (id: string, severity: number, causeId = "") => ({ id, severity, causeId });
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

test("the worst alarm comes first, and below each one those that it explains, however deep", () => {
  const alarms = [alarm("notice", 1), alarm("web", 3, "pay"), alarm("slow", 2, "web"), alarm("pay", 3), alarm("a", 2)];
  expect(ids(openAlarmOrder(alarms, true))).toEqual(["pay", "web", "slow", "a", "notice"]);
  expect(ids(openAlarmOrder(alarms, false))).toEqual(["pay", "a", "notice"]);
});

test("an alarm whose cause is not in the list stands for itself", () => {
  expect(ids(openAlarmOrder([alarm("web", 2, "elsewhere"), alarm("pay", 3)], true))).toEqual(["pay", "web"]);
});
