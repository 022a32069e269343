import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyQuantile } from "./latency-quantile.ts";

test("nothing is said of fewer than twenty calls, then the quantile to a fifth", () => {
  const latency = new LatencyQuantile();
  for (let i = 0; i < 19; i++) latency.record(i);
  assert.equal(latency.quantileMs(0.95), undefined);
  const many = new LatencyQuantile();
  for (let ms = 1; ms <= 100; ms++) many.record(ms);
  const found = many.quantileMs(0.95)!;
  assert.ok(found >= 95 && found <= 95 * 1.19, `${found}`);
  assert.ok(many.quantileMs(0.5)! >= 50 && many.quantileMs(0.5)! <= 60);
});

test("what is recent counts more", () => {
  const latency = new LatencyQuantile();
  for (let i = 0; i < 1_000; i++) latency.record(500);
  for (let i = 0; i < 8_000; i++) latency.record(2);
  assert.ok(latency.quantileMs(0.9)! < 3, `${latency.quantileMs(0.9)}`);
});

test("times out of range land at its ends", () => {
  const latency = new LatencyQuantile();
  for (let i = 0; i < 20; i++) latency.record(0);
  assert.equal(latency.quantileMs(0.95), 0.125);
  for (let i = 0; i < 1_000; i++) latency.record(1e12);
  assert.ok(latency.quantileMs(0.95)! > 1_000_000);
});
