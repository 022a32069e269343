import { expect, test } from "vitest";
import { chartLines, curveLabel, latencyLines } from "./chart-data.ts";

const curve = {
  id: "p.s.m",
  method: "p.s.m",
  instance: "",
  service: "S.s",
  calls: [1, 0, 2],
  failures: [0, 0, 1],
  p50Ms: [3, 0, 4],
  p99Ms: [5, 0, 6],
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
