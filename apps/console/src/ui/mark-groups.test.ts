import { expect, test } from "vitest";
import { type ChartMark, groupMarks, MarkKind } from "./mark-groups.ts";

const at = (timeMs: number): ChartMark => ({ timeMs, kind: MarkKind.In, clock: "", label: `${timeMs}` });
const times = (marks: ChartMark[], from: number, to: number) =>
  groupMarks(marks, from, to, 0, 100, 12).map((group) => group.marks.map(({ timeMs }) => timeMs));

test("marks that would cover each other are one flag, in order of time, and what is not in the range is none", () => {
  expect(times([at(50), at(40), at(45), at(99), at(-1), at(101)], 0, 100)).toEqual([[40, 45, 50], [99]]);
  expect(groupMarks([at(40), at(50)], 0, 100, 0, 100, 12)).toMatchObject([{ at: 0.4, lines: [0.4, 0.5] }]);
});

test("the edges of the chart belong to it, and a long row of marks is several flags", () => {
  expect(times([at(0), at(100)], 0, 100)).toEqual([[0], [100]]);
  const row = times(
    Array.from({ length: 100 }, (_, i) => at(i)),
    0,
    100,
  );
  expect(row.length).toBeGreaterThan(5);
  expect(row.flat().length).toBe(100);
});

test("what happened since the last point of a moving chart stands at its edge", () => {
  expect(groupMarks([at(115), at(121)], 0, 100, 20, 100, 12)).toEqual([{ marks: [at(115)], at: 1, lines: [1] }]);
});

test("nothing is shown before the chart has a width or a range", () => {
  expect(groupMarks([at(1)], 0, 100, 0, 0, 12)).toEqual([]);
  expect(groupMarks([at(1)], 5, 5, 0, 100, 12)).toEqual([]);
});
