import assert from "node:assert/strict";
import { test } from "node:test";
import { BUCKET_COUNT, DURATION_MAX_US, durationBucket } from "./duration-bucket.ts";

test("the bucket of a duration is floor(8 · log2(d)), for durations of every magnitude", () => {
  // A step that shares no factor with a power of two walks through all mantissas; the magnitudes come in turn.
  for (let run = 0, mantissa = 0x9e3779b9; run < 200_000; run++) {
    mantissa = (mantissa + 0x61c88647) >>> 0;
    const duration = Math.max(mantissa >>> (run & 31), 1);
    if (durationBucket(duration) !== Math.floor(8 * Math.log2(duration))) assert.fail(`duration ${duration}`);
  }
});

test("the integers on both sides of every border are in the buckets that the definition gives", () => {
  for (let bucket = 0; bucket <= BUCKET_COUNT; bucket++) {
    const border = Math.ceil(2 ** (bucket / 8));
    for (const duration of [border - 1, border, border + 1]) {
      if (duration < 1 || duration > DURATION_MAX_US) continue;
      assert.equal(durationBucket(duration), Math.floor(8 * Math.log2(duration)), `duration ${duration}`);
    }
  }
});

test("every duration has a bucket, also nothing and the longest", () => {
  assert.equal(durationBucket(0), 0);
  assert.equal(durationBucket(DURATION_MAX_US), BUCKET_COUNT - 1);
});
