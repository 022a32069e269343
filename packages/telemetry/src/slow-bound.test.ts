import assert from "node:assert/strict";
import { test } from "node:test";
import { durationBucket } from "./duration-bucket.ts";
import { SlowBound } from "./slow-bound.ts";

test("slow is what lies above p99 of the minute before", () => {
  const bound = new SlowBound();
  bound.begin(60);
  bound.add(durationBucket(1_000), 990);
  bound.add(durationBucket(50_000), 10);
  assert.equal(bound.fromUs, Number.POSITIVE_INFINITY);
  bound.begin(119);
  assert.equal(bound.fromUs, Number.POSITIVE_INFINITY);
  bound.begin(120);
  assert.ok(bound.fromUs > 1_000 && bound.fromUs < 1_100, String(bound.fromUs));
});

test("one call more than one in a hundred moves the bound to where it lies", () => {
  const bound = new SlowBound();
  bound.begin(60);
  bound.add(durationBucket(1_000), 989);
  bound.add(durationBucket(50_000), 11);
  bound.begin(120);
  assert.ok(bound.fromUs > 50_000 && bound.fromUs < 55_000, String(bound.fromUs));
});

test("after a minute without a call nothing is known", () => {
  const bound = new SlowBound();
  bound.begin(60);
  bound.add(durationBucket(1_000), 5);
  bound.begin(180);
  assert.equal(bound.fromUs, Number.POSITIVE_INFINITY);
  bound.begin(240);
  assert.equal(bound.fromUs, Number.POSITIVE_INFINITY);
});
