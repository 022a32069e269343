import assert from "node:assert/strict";
import { test } from "node:test";
import { TracePositions } from "./trace-positions.ts";

test("a position is known from when it was added until so many others were", () => {
  const positions = new TracePositions(3);
  assert.equal(positions.isEmpty, true);
  assert.equal(positions.has(0), false);
  for (const position of [0, 4_000_000_000, 5]) positions.add(position);
  assert.deepEqual(
    [0, 4_000_000_000, 5, 6].map((one) => positions.has(one)),
    [true, true, true, false],
  );
  positions.add(6);
  assert.deepEqual(
    [0, 4_000_000_000, 5, 6].map((one) => positions.has(one)),
    [false, true, true, true],
  );
  assert.equal(positions.isEmpty, false);
});

test("a position added again takes no second place and keeps its age", () => {
  const positions = new TracePositions(2);
  for (const position of [1, 2, 1, 3]) positions.add(position);
  assert.deepEqual(
    [1, 2, 3].map((one) => positions.has(one)),
    [false, true, true],
  );
});

test("positions that share a slot are told apart, also when one of them has made room", () => {
  const positions = new TracePositions(2);
  const [first, second, third] = [7, 7 + 8_192, 7 + 2 * 8_192] as const;
  positions.add(first);
  assert.equal(positions.has(second), false);
  positions.add(second);
  positions.add(third);
  assert.deepEqual(
    [first, second, third].map((one) => positions.has(one)),
    [false, true, true],
  );
});
