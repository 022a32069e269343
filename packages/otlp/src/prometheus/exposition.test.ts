import assert from "node:assert/strict";
import { test } from "node:test";
import { SampleKind, Side } from "@msec/telemetry";
import { BatchBuilder } from "../batch-builder.ts";
import { exposeMetrics } from "./exposition.ts";
import { TelemetryTotals, totalsLimits } from "./telemetry-totals.ts";

const call = (method: string, durationUs: number, code = 0) => ({
  ...{ startUs: 1_800_000_000e6, durationUs, side: Side.server, method, peerService: "", peerInstance: "", code },
});

test("labels are escaped, counters end in _total, and OpenMetrics ends with its mark", () => {
  const families = [
    { name: "a", help: "of\nlines", type: "counter" as const, samples: [{ labels: { l: 'q"\\\n\ud800' }, value: 1 }] },
    { name: "b", help: "nothing", type: "gauge" as const, samples: [] },
    { name: "c", help: "c", type: "gauge" as const, samples: [{ labels: {}, value: Number.NaN }] },
  ];
  assert.equal(
    exposeMetrics(families, "text/plain").text,
    '# HELP a_total of\\nlines\n# TYPE a_total counter\na_total{l="q\\"\\\\\\n\ufffd"} 1\n# HELP c c\n# TYPE c gauge\nc NaN\n',
  );
  const open = exposeMetrics(families, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
  assert.match(open.text, /^# HELP a of\\nlines\n# TYPE a counter\na_total\{/);
  assert.match(open.text, /\n# EOF\n$/);
  assert.match(open.contentType, /^application\/openmetrics-text; version=1\.0\.0/);
});

test("totals count calls by code and duration, hosts' metrics by what varies, and forget gauges that are not reported", () => {
  let nowMs = 0;
  const totals = new TelemetryTotals(() => nowMs);
  const builder = new BatchBuilder();
  builder.addCall(call("m", 400));
  builder.addCall(call("m", 300_000, 14));
  builder.addSample(SampleKind.gauge, "sys.disk./var.used_percent", 40, 1_800_000_000);
  builder.addSample(SampleKind.counter, "sys.net.eth0.sent_bytes", 7, 1_800_000_000);
  builder.addSample(SampleKind.gauge, "frm.loop.delay_p99_ms", 250, 1_800_000_000);
  const batch = builder.finish();
  totals.add({ host: "h", service: "A.b", instance: "1:2" }, batch);
  totals.add({ host: "h", service: "A.b", instance: "1:2" }, batch);
  const { text } = exposeMetrics(totals.families(), undefined);
  for (const line of [
    'msec_calls_total{service="A.b",method="m",side="server",code="14"} 2',
    'msec_call_duration_seconds_bucket{service="A.b",method="m",side="server",le="0.001"} 2',
    'msec_call_duration_seconds_bucket{service="A.b",method="m",side="server",le="0.5"} 4',
    'msec_call_duration_seconds_bucket{service="A.b",method="m",side="server",le="+Inf"} 4',
    'msec_call_duration_seconds_sum{service="A.b",method="m",side="server"} 0.6008',
    'msec_sys_disk_used_percent{host="h",service="A.b",service_instance="1:2",of="/var"} 40',
    'msec_sys_net_sent_bytes_total{host="h",service="A.b",service_instance="1:2",of="eth0"} 14',
    'msec_frm_loop_delay_p99_seconds{host="h",service="A.b",service_instance="1:2"} 0.25',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  nowMs = 121_000;
  const later = exposeMetrics(totals.families(), undefined).text;
  assert.doesNotMatch(later, /msec_sys_disk_used_percent/);
  assert.match(later, /msec_sys_net_sent_bytes_total/);
});

test("developers' own metrics have a name that Prometheus takes and their own as a label, and make room when nobody reports them", () => {
  let nowMs = 0;
  const totals = new TelemetryTotals(() => nowMs);
  const report = (kind: SampleKind, names: readonly string[], value: number, instance = "1:2") => {
    const builder = new BatchBuilder();
    for (const name of names) builder.addSample(kind, name, value, 1_800_000_000);
    totals.add({ host: "", service: "A.b", instance }, builder.finish());
  };
  report(SampleKind.counter, ["usr.orders{kind=book}", "usr.订单"], 3);
  report(SampleKind.counter, ["usr.orders{kind=book}"], 4);
  report(SampleKind.gauge, ["usr.orders"], 5);
  report(SampleKind.gauge, ["usr.queue length"], 7);
  report(SampleKind.gauge, ["usr.queue length"], 9, "1:3");
  const { text } = exposeMetrics(totals.families(), "application/openmetrics-text");
  for (const line of [
    'msec_usr_orders_total{service="A.b",service_instance="1:2",name="usr.orders{kind=book}"} 7',
    'msec_usr____total{service="A.b",service_instance="1:2",name="usr.订单"} 3',
    'msec_usr_orders_gauge{service="A.b",service_instance="1:2",name="usr.orders"} 5',
    'msec_usr_queue_length{service="A.b",service_instance="1:2",name="usr.queue length"} 7',
    'msec_usr_queue_length{service="A.b",service_instance="1:3",name="usr.queue length"} 9',
    "msec_untold_samples_total 0",
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }

  const many = Array.from({ length: totalsLimits.user + 10 }, (_, i) => `usr.series${i}`);
  for (let i = 0; i < many.length; i += 500) report(SampleKind.counter, many.slice(i, i + 500), 1);
  const full = exposeMetrics(totals.families(), undefined).text;
  assert.equal(full.match(/^msec_usr_\w+\{/gm)?.length, totalsLimits.user);
  assert.match(full, /\nmsec_untold_samples_total 15\n/);
  // Of an hour ago: there is room again.
  nowMs = 3_600_001;
  totals.families();
  report(SampleKind.counter, ["usr.new"], 1);
  assert.match(exposeMetrics(totals.families(), undefined).text, /\nmsec_usr_new_total\{/);
});

test("what is more than is told apart counts together", () => {
  const totals = new TelemetryTotals(() => 0);
  for (let i = 0; i < totalsLimits.calls + 100; i++) {
    const builder = new BatchBuilder();
    builder.addCall(call(`m${i}`, 1));
    totals.add({ host: "", service: "A.b", instance: "" }, builder.finish());
  }
  const [calls, durations] = totals.families();
  assert.equal(calls?.samples.length, totalsLimits.calls + 1);
  assert.equal(durations?.samples.length, totalsLimits.histograms + 1);
  const { text } = exposeMetrics([calls!], undefined);
  assert.match(
    text,
    /msec_calls_total\{service="\(other\)",method="\(other\)",side="\(other\)",code="\(other\)"\} 100\n/,
  );
});
