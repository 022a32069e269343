import { expect, test } from "vitest";
import { parseView, textOfView, viewOf, viewportOf } from "./diagram-view.ts";

test("a view is the same in a frame of another size: what was in the middle is in the middle", () => {
  const view = viewOf({ x: -140, y: 20, zoom: 0.8 }, { width: 1_000, height: 400 });
  expect(view).toEqual({ x: 800, y: 225, zoom: 0.8 });
  expect(viewportOf(view, { width: 1_000, height: 400 })).toEqual({ x: -140, y: 20, zoom: 0.8 });
  expect(viewportOf(view, { width: 600, height: 400 }).x).toBe(-340);
});

test("an address restores a view, and what is none is left out", () => {
  expect(textOfView({ x: 799.6, y: -225.2, zoom: 0.804 })).toBe("800_-225_80");
  expect(parseView("800_-225_80")).toEqual({ x: 800, y: -225, zoom: 0.8 });
  for (const absurd of ["", "1_2", "1_2_0", "1_2_999", "1e9_2_80", "9999999_2_80", 7, undefined, ["1_2_80"]])
    expect(parseView(absurd)).toBeUndefined();
});
