import assert from "node:assert/strict";
import { test } from "node:test";
import { RowWriter } from "../ingest/row-writer.ts";
import { curvesFromRows } from "./call-rows.ts";
import { RowReader } from "./row-reader.ts";

const query = { fromMs: 0, toMs: 600_000, stepS: 60, side: 1, byMethod: true } as const;

test("adds rows of one point up, whatever is between them, and takes quantiles of their histograms together", () => {
  const out = new RowWriter();
  const row = (time: number, method: string, count: number, failures: number, buckets: [number, number][]) => {
    out.uint32(time);
    out.string("A.b", 100);
    out.string(method, 100);
    out.uint64(count);
    out.uint64(failures);
    out.float64(count * 2_000);
    out.varint(buckets.length);
    for (const [index] of buckets) out.uint16(index);
    out.varint(buckets.length);
    for (const [, number] of buckets) out.uint32(number);
  };
  row(60, "few", 1, 1, [[8, 1]]);
  row(60, "many", 3, 0, [
    [80, 2],
    [160, 1],
  ]);
  row(120, "many", 1, 0, [[80, 1]]);
  row(60, "many", 96, 4, [[80, 96]]);
  row(180, "many", 0, 0, []);
  const [many, few] = curvesFromRows(new RowReader(out.bytes()), query);
  assert.equal(many!.method, "many");
  assert.deepEqual(many!.seconds, [60, 120, 180]);
  assert.deepEqual(
    [many!.calls, many!.failures, many!.meanMs],
    [
      [99, 1, 0],
      [4, 0, 0],
      [2, 2, 0],
    ],
  );
  const ms = (bucket: number) => 2 ** (bucket / 8) / 1_000;
  // 98 of 99 calls in bucket 80, so the median is at half of 99 of it, and only p99.9 is in bucket 160.
  assert.equal(many!.p50Ms[0], ms(80 + 49.5 / 98));
  assert.equal(many!.p999Ms[0], ms(160 + (99 * 0.999 - 98)));
  assert.equal(many!.p50Ms[2], 0, "no calls");
  assert.deepEqual([few!.method, few!.p50Ms], ["few", [ms(8.5)]]);
});
