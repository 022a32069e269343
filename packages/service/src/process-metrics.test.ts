import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { createRecorder, findMetric } from "@msec/telemetry";
import { compileCodec } from "@msec/wire";
import { ProcessMetrics } from "./process-metrics.ts";
import { ReportBuffer } from "./report-buffer.ts";

test("samples at each ten seconds of the clock what the catalogue says, and adds up what was collected meanwhile", async () => {
  const metrics = new ProcessMetrics(1_000);
  try {
    assert.equal(metrics.due(9_999), undefined);
    const kept: object[] = [];
    for (let i = 0; i < 200_000; i++) kept[i % 1_000] = { i };
    // Collections are told at the next turn.
    await setImmediate();
    const samples = metrics.due(10_000)!;
    assert.equal(metrics.due(10_500), undefined);
    for (const { name, kind, value } of samples) {
      assert.equal(findMetric(name)?.entry.kind, kind, name);
      assert.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
    }
    const names = samples.map(({ name }) => name);
    const catalogued = ["cpu_percent", "memory_rss_bytes", "heap_used_bytes", "handles", "open_files"];
    for (const name of catalogued) assert.ok(names.includes(`frm.process.${name}`), name);
    const value = (name: string) => samples.find((sample) => sample.name === name)!.value;
    assert.ok(value("frm.process.memory_rss_bytes") > value("frm.process.heap_used_bytes"));
    assert.ok(value("frm.process.cpu_percent") > 0);
    assert.ok(value("frm.loop.used_percent") <= 100);
    assert.equal(metrics.due(5_000), undefined, "a clock that was set back");
    assert.ok(metrics.due(20_000));
  } finally {
    metrics.stop();
  }
});

test("go to the agent in a batch of their own", () => {
  let nowMs = 1_800_000_000_000;
  const metrics = new ProcessMetrics(nowMs);
  try {
    const buffer = new ReportBuffer(createRecorder({ now: () => nowMs }), undefined, {
      metrics,
      now: () => nowMs,
      lostLines: () => 0,
      refusedConnections: () => 0,
    });
    buffer.collect();
    assert.equal(buffer.length, 0);
    nowMs += 10_000;
    buffer.collect();
    const bytes = buffer.first()!;
    const { strings, samples } = compileCodec(BatchSchema).decode(bytes, 0, bytes.length);
    assert.ok(samples!.value.length >= 10);
    assert.equal(strings[samples!.nameRef[0]!], "frm.process.cpu_percent");
    assert.ok(samples!.timeS.every((second) => second === 1_800_000_010));
    buffer.delivered(bytes);
    assert.equal(buffer.length, 0);
  } finally {
    metrics.stop();
  }
});
