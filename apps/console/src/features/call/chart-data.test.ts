import { expect, test } from "vitest";
import { chartLines, curveLabel, latencyLines, withBefore } from "./chart-data.ts";

const curve = {
  id: "p.s.m",
  method: "p.s.m",
  instance: "",
  service: "S.s",
  caller: "",
  calls: [1, 0, 2],
  failures: [0, 0, 1],
  p50Ms: [3, 0, 4],
  p90Ms: [4, 0, 5],
  p99Ms: [5, 0, 6],
  p999Ms: [7, 0, 8],
};
const other = { ...curve, id: "p.s.n @ h:1", method: "p.s.n", instance: "h:1" };

test("a latency line breaks where nothing was called, a count is zero there", () => {
  expect(chartLines([curve], "calls")[0]?.values).toEqual([1, 0, 2]);
  expect(latencyLines([curve]).map((line) => line.values)).toEqual([
    [5, null, 6],
    [3, null, 4],
  ]);
});

test("a curve has one colour in all charts and is switched off in all of them", () => {
  const hidden = new Set([other.id]);
  expect(chartLines([curve, other], "failures", hidden).map((line) => [line.colour, line.hidden])).toEqual([
    [0, false],
    [1, true],
  ]);
  expect(latencyLines([curve, other], hidden).map((line) => [line.colour, line.hidden])).toEqual([
    [0, false],
    [0, false],
    [1, true],
    [1, true],
  ]);
});

test("a label is the method's last part, with the instance where curves are split", () => {
  expect([curve, other].map(curveLabel)).toEqual(["m", "n @ h:1"]);
  expect(curveLabel({ ...curve, method: "" })).toBe("S.s");
});

test("any of the percentiles can stand beside the median", () => {
  expect(latencyLines([curve], new Set(), "p999").map(({ label, values }) => [label, values])).toEqual([
    ["m p99.9", [7, null, 8]],
    ["p50", [3, null, 4]],
  ]);
});

test("an edge is labelled by its caller, a call that the service makes by its callee", () => {
  expect(curveLabel({ ...curve, id: "A.b", method: "", caller: "A.b" })).toBe("A.b");
  expect(curveLabel({ ...curve, id: "S.s p.s.m" })).toBe("S.s m");
});

test("the same curve some days before is dashed and has its colour; a curve that was not there then has none", () => {
  const lines = chartLines([curve, other], "calls");
  const before = chartLines([{ ...curve, calls: [9, 9, 9] }], "calls");
  expect(
    withBefore(lines, before, "before").map(({ label, colour, dashed, values }) => [label, colour, dashed, values[0]]),
  ).toEqual([
    ["m", 0, undefined, 1],
    ["before", 0, true, 9],
    ["n @ h:1", 1, undefined, 1],
  ]);
});
