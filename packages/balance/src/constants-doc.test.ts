import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constantRanges, constants } from "./constants.ts";

test("docs/routing.md names every constant with its default and range", () => {
  const text = readFileSync(new URL("../../../docs/routing.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d.]+) \| ([\d.]+)…([\d.]+) \|/gm)];
  const documented = rows.map(([, name, value, least, most]) => [name, Number(value), Number(least), Number(most)]);
  const ranges: Readonly<Record<string, readonly [number, number]>> = constantRanges;
  assert.deepEqual(
    documented,
    Object.entries(constants).map(([name, value]) => [name, value, ...ranges[name]!]),
  );
});
