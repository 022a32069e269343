import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanSampler, tracePosition } from "./span-sampler.ts";

// As the original's callers do: requests numbered one after the other.
function numberedTrace(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  return id;
}

function keptOf(sampler: SpanSampler, calls: number, second: number): Set<number> {
  const kept = new Set<number>();
  for (let call = 0; call < calls; call++) if (sampler.keeps(numberedTrace(call), 0, second)) kept.add(call);
  return kept;
}

test("every call is kept while there are no more than the limit", () => {
  const sampler = new SpanSampler(1_000);
  for (let second = 100; second < 110; second++) assert.equal(keptOf(sampler, 1_000, second).size, 1_000);
});

test("in the second of a sudden rise each doubling adds at most half the limit", () => {
  const kept = keptOf(new SpanSampler(1_000), 64_000, 100).size;
  assert.ok(kept > 1_000 && kept < 1_000 + 6 * 500 + 300, `kept ${kept}`);
});

test("a steady rate above the limit keeps about the limit", () => {
  const sampler = new SpanSampler(1_000);
  keptOf(sampler, 50_000, 100);
  for (let second = 101; second < 105; second++) {
    const kept = keptOf(sampler, 50_000, second).size;
    assert.ok(kept > 850 && kept < 1_150, `kept ${kept} in second ${second}`);
  }
});

test("what a busier process keeps, a less busy one keeps too", () => {
  const busy = new SpanSampler(1_000);
  const calm = new SpanSampler(1_000);
  keptOf(busy, 40_000, 100);
  keptOf(calm, 8_000, 100);
  const keptByBusy = keptOf(busy, 8_000, 101);
  const keptByCalm = keptOf(calm, 8_000, 101);
  assert.ok(keptByBusy.size > 0 && keptByBusy.size < keptByCalm.size);
  for (const call of keptByBusy) assert.ok(keptByCalm.has(call));
});

test("after a pause every call is kept again", () => {
  const sampler = new SpanSampler(1_000);
  keptOf(sampler, 50_000, 100);
  assert.equal(keptOf(sampler, 1_000, 160).size, 1_000);
});

test("positions of numbered requests are spread evenly", () => {
  const quarters = [0, 0, 0, 0];
  for (let number = 0; number < 10_000; number++) quarters[tracePosition(numberedTrace(number), 0) >>> 30]!++;
  for (const quarter of quarters) assert.ok(quarter > 2_350 && quarter < 2_650, String(quarters));
});

test("a new limit holds from the next second on", () => {
  const sampler = new SpanSampler(1_000);
  keptOf(sampler, 50_000, 100);
  sampler.limit(100);
  keptOf(sampler, 50_000, 101);
  const kept = keptOf(sampler, 50_000, 102).size;
  assert.ok(kept > 60 && kept < 140, `kept ${kept}`);
});

test("with a share of the host's all processes keep the same traces, whatever their rates", () => {
  const busy = new SpanSampler(1_000);
  const calm = new SpanSampler(1_000);
  // One in twenty: 2,000 spans a second for both, from 36,000 and 4,000 calls.
  busy.limit(1_800, 0.05);
  calm.limit(200, 0.05);
  for (let second = 100; second < 103; second++) {
    const keptByBusy = keptOf(busy, 36_000, second);
    const keptByCalm = keptOf(calm, 4_000, second);
    assert.ok(keptByBusy.size > 1_500 && keptByBusy.size < 2_100, `kept ${keptByBusy.size}`);
    assert.deepEqual(
      [...keptByCalm],
      [...keptByBusy].filter((call) => call < 4_000),
    );
  }
});

test("a rate that has left the one of the host's word behind is limited by itself", () => {
  const sampler = new SpanSampler(1_000);
  sampler.limit(100, 0.5);
  assert.ok(keptOf(sampler, 200, 100).size > 60);
  keptOf(sampler, 20_000, 101);
  const kept = keptOf(sampler, 20_000, 102).size;
  assert.ok(kept > 60 && kept < 140, `kept ${kept}`);
});

test("tells the calls of the full second before", () => {
  const sampler = new SpanSampler(1_000);
  assert.equal(sampler.callsBefore(100), 0);
  keptOf(sampler, 70, 100);
  assert.deepEqual([sampler.callsBefore(100), sampler.callsBefore(101), sampler.callsBefore(102)], [0, 70, 0]);
  keptOf(sampler, 5, 101);
  assert.equal(sampler.callsBefore(101), 70);
});

test("slow calls are kept beside the sample, up to as many again a second", () => {
  const sampler = new SpanSampler(10);
  sampler.keeps(numberedTrace(1), 0, 100);
  const slow = () => Array.from({ length: 100 }, () => sampler.keepsSlow()).filter(Boolean).length;
  assert.equal(slow(), 10);
  assert.equal(slow(), 0);
  sampler.keeps(numberedTrace(1), 0, 101);
  assert.equal(slow(), 10);
});

test("a call is kept where one that it made is, also when the share has fallen between their ends; of such calls as many a second as the limit", () => {
  const sampler = new SpanSampler(100);
  sampler.limit(100, 0.5);
  const inner = keptOf(sampler, 200, 100);
  assert.ok(inner.size > 60 && inner.size < 140, `kept ${inner.size}`);
  sampler.limit(100, 0.05);
  const outer = new Set<number>();
  for (let call = 0; call < 200; call++) if (sampler.keeps(numberedTrace(call), 0, 101, 100)) outer.add(call);
  assert.deepEqual(
    [...inner].filter((call) => !outer.has(call)),
    [],
  );
  assert.deepEqual(outer, inner, "and no others");
  // Those that began in this second are measured by it alone.
  assert.ok(keptOf(sampler, 200, 101).size < 40);
  // 50,000 calls that were under way when the share fell.
  const flood = new SpanSampler(100);
  keptOf(flood, 1, 200);
  flood.limit(100, 0.001);
  let kept = 0;
  for (let call = 0; call < 50_000; call++) if (flood.keeps(numberedTrace(call), 0, 201, 200)) kept++;
  assert.ok(kept <= 400, `kept ${kept}`);
});
