import { create } from "@bufbuild/protobuf";
import { QueryCallsResponseSchema } from "@msec/api/console/v1/telemetry_pb.js";
import { expect, test } from "vitest";
import { alignCurves, chooseGrid, curveId, settledGrid, sumCurves, totalsOf, withoutLateSteps } from "./series.ts";

const grid = { fromMs: 1_000_000, toMs: 1_005_000, stepMs: 1000 };

function answer(timeMs: number[], series: { method: string; instance?: string; calls: number[] }[]) {
  return create(QueryCallsResponseSchema, {
    timeMs,
    series: series.map((one) => ({ ...one, failures: one.calls.map(() => 1), p99Ms: one.calls.map((n) => n * 10) })),
  });
}

test("fills the times that the answer does not have with zeros", () => {
  const { timesMs, curves } = alignCurves(answer([1_001_000, 1_003_000], [{ method: "a", calls: [5, 7] }]), grid);
  expect(timesMs).toEqual([1_000_000, 1_001_000, 1_002_000, 1_003_000, 1_004_000]);
  expect(curves[0]?.calls).toEqual([0, 5, 0, 7, 0]);
  expect(curves[0]?.failures).toEqual([0, 1, 0, 1, 0]);
});

test("leaves out times outside the grid", () => {
  const { curves } = alignCurves(answer([999_000, 1_000_000, 1_005_000], [{ method: "a", calls: [5, 7, 9] }]), grid);
  expect(curves[0]?.calls).toEqual([7, 0, 0, 0, 0]);
});

test("orders curves by name and joins those of the same name", () => {
  const { curves } = alignCurves(
    answer(
      [1_000_000],
      [
        { method: "b", calls: [1] },
        { method: "a", calls: [2] },
        { method: "b", calls: [3] },
      ],
    ),
    grid,
  );
  expect(curves.map((curve) => [curve.id, curve.calls[0], curve.p99Ms[0]])).toEqual([
    ["a", 2, 20],
    ["b", 4, 30],
  ]);
});

test("names a curve by its method, and by its instance where curves are split", () => {
  expect(curveId({ service: "S.s", method: "m", instance: "" })).toBe("m");
  expect(curveId({ service: "S.s", method: "m", instance: "127.0.0.1:7963" })).toBe("m @ 127.0.0.1:7963");
  expect(curveId({ service: "S.s", method: "", instance: "" })).toBe("S.s");
});

test("a settled grid ends with the last step that has arrived", () => {
  expect(settledGrid(100_400, 5000, 1000)).toEqual({ fromMs: 94_000, toMs: 99_000, stepMs: 1000 });
  expect(settledGrid(120_500, 60_000, 60_000)).toEqual({ fromMs: 0, toMs: 60_000, stepMs: 60_000 });
  expect(settledGrid(121_000, 60_000, 60_000)).toEqual({ fromMs: 60_000, toMs: 120_000, stepMs: 60_000 });
});

test("steps that are late end the grid earlier where calls came in every step before; ten seconds without any are drawn", () => {
  const times = Array.from({ length: 20 }, (_, index) => 100_000 + index * 1_000);
  const withCalls = (calls: (index: number) => number) =>
    answer(times, [{ method: "a", calls: times.map((_, index) => calls(index)) }]);
  const whole = { fromMs: 100_000, toMs: 120_000, stepMs: 1_000 };
  expect(
    withoutLateSteps(
      withCalls((index) => (index < 18 ? 5 : 0)),
      whole,
    ),
  ).toEqual({ ...whole, toMs: 118_000 });
  expect(
    withoutLateSteps(
      withCalls(() => 5),
      whole,
    ),
  ).toEqual(whole);
  expect(
    withoutLateSteps(
      withCalls((index) => (index < 9 ? 5 : 0)),
      whole,
    ),
  ).toEqual(whole);
  // One call now and then: nothing says that the last seconds are late.
  expect(
    withoutLateSteps(
      withCalls((index) => (index % 4 === 0 ? 5 : 0)),
      whole,
    ),
  ).toEqual(whole);
});

test("totals look at the last steps only and know when there was nothing", () => {
  const { curves } = alignCurves(
    answer([1_000_000, 1_003_000, 1_004_000], [{ method: "a", calls: [100, 3, 1] }]),
    grid,
  );
  expect(totalsOf(curves, 2)).toEqual({ calls: 4, failures: 2, failureRatio: 0.5, worstP99Ms: 30 });
  expect(totalsOf([], 2)).toEqual({ calls: 0, failures: 0, failureRatio: Number.NaN, worstP99Ms: Number.NaN });
  expect(sumCurves([...curves, ...curves], "calls", 5)).toEqual([200, 0, 0, 6, 2]);
});

test("the step that still runs is drawn only where there is nothing else", () => {
  const running = { ...grid, toMs: grid.toMs + 1000 };
  const young = answer([1_004_000, 1_005_000], [{ method: "a", calls: [0, 3] }]);
  expect(chooseGrid(young, grid, running)).toBe(running);
  expect(chooseGrid(answer([1_004_000, 1_005_000], [{ method: "a", calls: [1, 3] }]), grid, running)).toBe(grid);
  expect(chooseGrid(answer([], []), grid, running)).toBe(grid);
});
