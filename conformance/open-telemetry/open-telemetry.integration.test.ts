import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { waitUntil } from "@msec/process/testing";
import { sdkMissing } from "./sdk.ts";
import { endProgram, startProgram, startSystem } from "./system.ts";

const run = promisify(execFile);

type Span = { service: string; method: string; side: string; code?: number; spanId: string; parentSpanId?: string };
type Flow = { spans?: Span[]; logs?: { text: string; level: string; fields?: unknown }[] };

async function report(where: object): Promise<{ traceId: string }> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "report.mjs"), JSON.stringify(where)]);
  return JSON.parse(stdout) as { traceId: string };
}

test("what OpenTelemetry's SDK reports over protobuf, JSON and gRPC is one request flow, log and curve; and goes on to a collector", {
  skip: sdkMissing,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "msec-headers-"));
  const headersFile = join(directory, "headers");
  writeFileSync(headersFile, "# for the collector\nX-Tenant: blue\n", { mode: 0o600 });
  const collector = await startProgram([join(import.meta.dirname, "collector.mjs")]);
  try {
    const keys = [`otlp_export=http://127.0.0.1:${collector.lines[0]}`, `otlp_export_headers_file=${headersFile}`];
    await using system = await startSystem(keys);
    const { http, grpc, metrics } = system.ports;
    const { traceId } = await report({ http: `http://127.0.0.1:${http}`, grpc: `http://127.0.0.1:${grpc}` });

    const flow = await waitUntil("the request is there", async () => {
      const found = await system.ask("TelemetryService/GetFlow", { requestId: traceId }).catch(() => ({}));
      const { spans = [], logs = [] } = found as unknown as Flow;
      return spans.length >= 6 && logs.length > 0 ? { spans, logs } : undefined;
    });
    const named = flow.spans.map(({ service, method, code = 0 }) => `${service} ${method} ${code}`).sort();
    assert.deepEqual(named, [
      "OTel.pay pay.Charge 9",
      "OTel.shop GET /buy 0",
      "OTel.shop pay.Charge 2",
      "OTel.shop price the cart 0",
      "OTel.shop stock.Take 0",
      "OTel.stock stock.Take 0",
    ]);
    const ids = new Set(flow.spans.map(({ spanId }) => spanId));
    const roots = flow.spans.filter(({ parentSpanId = "" }) => !ids.has(parentSpanId));
    assert.deepEqual(
      roots.map(({ method }) => method),
      ["GET /buy"],
    );
    assert.equal(flow.logs[0]?.text, "could not buy");

    const names = ["usr.open.carts", "usr.orders{kind=book}", "usr.took.count"];
    await waitUntil("its metrics are there, which are sent by themselves", async () => {
      const range = { fromMs: Date.now() - 900_000, toMs: Date.now() + 60_000, stepS: 60 };
      const answer = await system.ask("MetricService/QueryMetrics", { service: "OTel.shop", names, ...range });
      const { series = [] } = answer as unknown as { series?: { name: string }[] };
      return (
        series
          .map(({ name }) => name)
          .sort()
          .join() === names.join() || undefined
      );
    });

    const page = await waitUntil("the agent's page tells of the calls", async () => {
      const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      return text.includes('service="OTel.pay"') ? text : undefined;
    });
    assert.match(page, /msec_calls_total\{service="OTel\.pay",method="pay\.Charge",side="server",code="9"\} 1\n/);

    const decoded = () =>
      collector.lines.slice(1).map((line) => JSON.parse(line) as { url: string; token: string; message: object });
    await waitUntil("the collector has everything", async () => {
      const text = JSON.stringify(decoded());
      const wanted = ["price the cart", "could not buy", "orders{kind=book}", "msec.rpc.duration", "card refused"];
      return wanted.every((part) => text.includes(part)) ? true : undefined;
    });
    assert.ok(decoded().every(({ token }) => token === "blue"));
    const traces = JSON.stringify(decoded().filter(({ url }) => url === "/v1/traces"));
    assert.ok(traces.includes(Buffer.from(traceId, "hex").toString("base64")));
    assert.match(traces, /"name":"price the cart","kind":"SPAN_KIND_INTERNAL"/);
  } finally {
    await endProgram(collector.child);
    rmSync(directory, { recursive: true });
  }
});
