import { Level } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { expect, test } from "vitest";
import {
  histogramStep,
  linePlace,
  linePlaceFrom,
  logLevels,
  logTimes,
  parseLogsSearch,
  questionOf,
  withCondition,
} from "./logs-search.ts";

test("an address is read back, and what makes no sense is left out", () => {
  const search = { range: "6h", service: "Flight.mod_flight", level: "error", where: "uid = 7", dyed: true };
  expect(parseLogsSearch(search)).toEqual(search);
  expect(parseLogsSearch({ request: 12, columns: ["host", "nonsense"] })).toEqual({ request: "12", columns: ["host"] });
  expect(parseLogsSearch({ range: "9y", level: "loud", from: 5, to: 1, dyed: "yes", where: "" })).toEqual({});
});

test("the levels are those of the interface", () => {
  const names = Object.keys(Level).filter((name) => /^[A-Z]+$/.test(name) && name !== "UNSPECIFIED");
  expect(logLevels).toEqual(names.map((name) => name.toLowerCase()));
});

test("a range of its own counts before a named one", () => {
  expect(parseLogsSearch({ range: "6h", from: 1_000, to: 2_000 })).toEqual({ from: 1_000, to: 2_000 });
  expect(logTimes({ from: 1_000, to: 2_000 }, 9_000)).toEqual({ fromMs: 1_000, toMs: 2_000 });
  const jumped = { from: 1_000, to: 2_000, at: 1_500 };
  expect(parseLogsSearch(jumped)).toEqual(jumped);
  expect(questionOf(jumped)).toEqual({ from: 1_000, to: 2_000 });
  expect(parseLogsSearch({ ...jumped, at: 2_001 })).toEqual({ from: 1_000, to: 2_000 });
  expect(parseLogsSearch({ range: "6h", at: 1_500 })).toEqual({ range: "6h" });
  expect(logTimes({}, 3_600_000)).toEqual({ fromMs: 0, toMs: 3_660_000 });
});

test("the open line and a pause are read back, and are no other question", () => {
  const place = { id: "12-a", service: "F.f", instance: "10.0.0.1:1~x" };
  const search = { range: "6h", line: linePlace(place), paused: 7, columns: ["host"] };
  expect(parseLogsSearch(search)).toEqual(search);
  expect(linePlaceFrom(search.line)).toEqual(place);
  expect(questionOf(parseLogsSearch(search))).toEqual({ range: "6h" });
  expect(parseLogsSearch({ line: "12", paused: "now" })).toEqual({});
  expect(logTimes({ paused: 3_600_000 }, 9e9)).toEqual({ fromMs: 0, toMs: 3_600_000 });
  expect(parseLogsSearch({ from: 1_000, to: 2_000, paused: 7 })).toEqual({ from: 1_000, to: 2_000 });
});

test("a histogram has at most 150 columns of a step that the server knows", () => {
  expect([300_000, 3_600_000, 86_400_000, 604_800_000].map(histogramStep)).toEqual([5, 30, 600, 21_600]);
});

test("a condition is added as one the parser reads", () => {
  expect(withCondition(undefined, "uid", 'a"b')).toBe('uid = "a\\"b"');
  expect(withCondition("a or b", "uid", "7")).toBe('(a or b) and uid = "7"');
});
