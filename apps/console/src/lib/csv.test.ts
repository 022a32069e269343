import { expect, test } from "vitest";
import { csvText } from "./csv.ts";

test("a table is what a spreadsheet reads: quoted where it must be, empty where nothing is, never a formula", () => {
  const rows = [
    ["time", 'the "mean", ms', "=1+1"],
    ["2026-11-22 14:03", 1.5, undefined],
    ["", Number.NaN, -2],
  ];
  expect(csvText(rows)).toBe('\uFEFFtime,"the ""mean"", ms",\'=1+1\r\n2026-11-22 14:03,1.5,\r\n,,-2\r\n');
});
