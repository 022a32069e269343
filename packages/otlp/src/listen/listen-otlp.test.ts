import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createLog } from "@msec/process";
import { Code, createClient, RpcError } from "@msec/rpc";
import { createGrpcChannel } from "@msec/rpc-node";
import { TraceService } from "../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { Intake } from "../intake.ts";
import type { ReportedBatch } from "../intake-output.ts";
import { otlpLimits } from "../otlp-limits.ts";
import { listenOtlp, type OtlpOptions } from "./listen-otlp.ts";
import { OtlpDesk } from "./otlp-desk.ts";

const directory = mkdtempSync(join(tmpdir(), "msec-otlp-"));
after(() => rmSync(directory, { recursive: true }));
const tokenFile = join(directory, "token");
const token = "0123456789abcdef";
writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
const log = createLog({
  name: "test",
  readable: false,
  to: new Writable({ write: (_chunk, _encoding, done) => done() }),
});
const anyPort = { address: "127.0.0.1", port: 0 };

async function doors(options: Partial<OtlpOptions> = {}) {
  const batches: ReportedBatch[] = [];
  const keep = (more: readonly ReportedBatch[]) => void batches.push(...more);
  const opened = await listenOtlp({ http: anyPort, grpc: undefined, tokenFile: "", keep, log, ...options });
  const post = async (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${opened.httpPort}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { ...opened, batches, post, [Symbol.asyncDispose]: opened.close };
}

test("what is not OTLP is refused with a status that says why, and the door goes on", async () => {
  await using open = await doors();
  const bomb = gzipSync(Buffer.alloc(otlpLimits.requestBytes * 8));
  assert.ok(bomb.length < 100_000);
  const gzip = { "content-encoding": "gzip" };
  const proto = { "content-type": "application/x-protobuf" };
  const deep = `{"resourceLogs":${"[".repeat(200_000)}`;
  const refused: [number, string, Uint8Array | string, Record<string, string>?][] = [
    [413, "/v1/traces", bomb, gzip],
    [413, "/v1/traces", Buffer.alloc(otlpLimits.requestBytes + 1), proto],
    [400, "/v1/traces", "no gzip", gzip],
    [415, "/v1/traces", "{}", { "content-encoding": "br" }],
    [400, "/v1/traces", "{", {}],
    [400, "/v1/logs", deep, {}],
    [400, "/v1/metrics", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f), proto],
    [415, "/v1/traces", "{}", { "content-type": "text/plain" }],
    [400, "/v1/report", '{"service":""}', {}],
    [404, "/v1/other", "{}", {}],
    [403, "/v1/traces", "{}", { origin: "http://evil.example" }],
  ];
  for (const [status, path, body, headers] of refused) {
    const answer = await open.post(path, body, headers);
    assert.equal(answer.status, status, `${path} ${JSON.stringify(headers)}: ${answer.text}`);
  }
  assert.equal(open.counts.refused, refused.length);
  assert.equal((await open.post("/v1/traces", "{}")).status, 200);
  assert.equal((await open.post("/v1/traces", new Uint8Array(), proto)).status, 200);
  const told = await open.post("/v1/report", '{"service":"Nightly.backup","counters":{"files":1}}');
  assert.deepEqual([told.status, told.text], [200, "{}"]);
  assert.equal(open.batches[0]?.service, "Nightly.backup");
});

test("what is refused of a request is in partial_success, over HTTP and gRPC", async () => {
  await using open = await doors({ grpc: anyPort });
  const spans = [{ traceId: "00".repeat(16), spanId: "01".repeat(8) }];
  const answer = await open.post("/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  assert.deepEqual(JSON.parse(answer.text), {
    partialSuccess: { rejectedSpans: "1", errorMessage: "not taken: trace_id must be 16 bytes, not all 0" },
  });
  const channel = createGrpcChannel({ address: "127.0.0.1", port: open.grpcPort });
  try {
    const resourceSpans = [{ scopeSpans: [{ spans: [{ traceId: new Uint8Array(16) }] }] }];
    const { partialSuccess } = await createClient(TraceService, channel.call).export({ resourceSpans });
    assert.equal(partialSuccess?.rejectedSpans, 1n);
  } finally {
    await channel.close();
  }
});

test("with a token nobody reports without it; beyond this machine there is one, and only its owner reads its file", async () => {
  await using open = await doors({ grpc: anyPort, tokenFile });
  assert.equal((await open.post("/v1/traces", "{}")).status, 401);
  assert.equal((await open.post("/v1/traces", "{}", { authorization: "Bearer wrong" })).status, 401);
  assert.equal((await open.post("/v1/traces", "{}", { authorization: `Bearer ${token}` })).status, 200);
  const channel = createGrpcChannel({ address: "127.0.0.1", port: open.grpcPort });
  try {
    const client = createClient(TraceService, channel.call);
    const isRefused = (error: unknown) => error instanceof RpcError && error.code === Code.Unauthenticated;
    await assert.rejects(client.export({}), isRefused);
    await client.export({}, { metadata: { authorization: `Bearer ${token}` } });
  } finally {
    await channel.close();
  }
  await assert.rejects(doors({ http: { address: "0.0.0.0", port: 0 } }), /needs a token/);
  const readable = join(directory, "readable");
  writeFileSync(readable, token);
  chmodSync(readable, 0o644);
  await assert.rejects(doors({ tokenFile: readable }), /other users can read/);
  await assert.rejects(doors({ tokenFile: join(directory, "absent") }), /cannot be read/);
});

test("what cannot be kept is to come again, and too much is told so", async () => {
  const keep = () => {
    throw new RpcError(Code.Unavailable, "full");
  };
  await using full = await doors({ keep });
  const answer = await full.post("/v1/report", '{"service":"a","text":"x"}');
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "2"]);
  await using open = await doors();
  // 120 MiB at once, of which 32 pass and 8 more a second.
  const spaces = gzipSync(`{}${" ".repeat(otlpLimits.requestBytes - 2)}`);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => open.post("/v1/traces", spaces, { "content-encoding": "gzip" })),
  );
  const statuses = new Set(answers.map(({ status }) => status).sort());
  assert.deepEqual([...statuses], [200, 429]);
});

test("what is too much is told to come again in two seconds over gRPC, too: without that word exporters drop it", () => {
  const desk = new OtlpDesk(new Intake(Date.now), () => {}, undefined, log);
  const untilRefused = () => {
    for (;;) desk.admit({});
  };
  assert.throws(untilRefused, (error: RpcError) => {
    assert.equal(error.code, Code.ResourceExhausted);
    const [retry] = error.details.messages ?? [];
    assert.deepEqual([retry?.type, [...(retry?.value ?? [])]], ["google.rpc.RetryInfo", [10, 2, 8, 2]]);
    return true;
  });
});

test("a request that comes again is not taken twice: while the first is being kept, after it, over HTTP and gRPC; two lines of JSON that are alike are two", async () => {
  const kept: { readonly rows: number; readonly print: string | undefined }[] = [];
  const { promise: mayKeep, resolve: letKeep } = Promise.withResolvers<void>();
  const keep = async (batches: readonly ReportedBatch[], print?: string) => {
    kept.push({ rows: batches.reduce((sum, { batch }) => sum + batch.spans.startUs.length, 0), print });
    await mayKeep;
  };
  await using open = await doors({ grpc: anyPort, keep });
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const times = { startTimeUnixNano: nowNs, endTimeUnixNano: nowNs };
  const ids = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2) };
  const json = JSON.stringify(
    { resourceSpans: [{ scopeSpans: [{ spans: [{ ...times, traceId: "01".repeat(16), spanId: "03".repeat(8) }] }] }] },
    (_, value) => (typeof value === "bigint" ? String(value) : value),
  );
  const answers = [open.post("/v1/traces", json), open.post("/v1/traces", json)];
  const channel = createGrpcChannel({ address: "127.0.0.1", port: open.grpcPort });
  try {
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...times, ...ids }] }] }] };
    const client = createClient(TraceService, channel.call);
    const exported = [client.export(request), client.export(request)];
    while (open.counts.repeatedRequests < 2) await new Promise((resolve) => setImmediate(resolve));
    letKeep();
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [200, 200],
    );
    await Promise.all(exported);
    await client.export(request);
  } finally {
    await channel.close();
  }
  assert.equal((await open.post("/v1/traces", json)).status, 200);
  const line = '{"service":"a","text":"x"}';
  for (const _ of [1, 2]) await open.post("/v1/report", line);
  assert.deepEqual(
    kept.map(({ rows }) => rows),
    [1, 1, 0, 0],
  );
  assert.equal(open.counts.repeatedRequests, 4);
  assert.deepEqual(
    kept.map(({ print }) => print === undefined || /^\/v1\/traces#[\w-]{43}$/.test(print)),
    [true, true, true, true],
  );
  assert.equal(new Set(kept.map(({ print }) => print)).size, 3);
});

test("what grew since a program began and could not be kept is in what comes next", async () => {
  let away = true;
  const kept: number[] = [];
  const keep = (batches: readonly ReportedBatch[]) => {
    if (away) throw new RpcError(Code.Unavailable, "away");
    for (const { batch } of batches) kept.push(...batch.samples.value);
  };
  await using open = await doors({ keep });
  const startMs = Date.now() + 1_000;
  const report = (value: number, afterMs: number) => {
    const [startTimeUnixNano, timeUnixNano] = [startMs, startMs + afterMs].map((ms) => `${ms}000000`);
    const dataPoints = [{ startTimeUnixNano, timeUnixNano, asInt: String(value) }];
    const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints };
    return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "orders", sum }] }] }] });
  };
  assert.equal((await open.post("/v1/metrics", report(3, 10))).status, 503);
  away = false;
  assert.equal((await open.post("/v1/metrics", report(3, 10))).status, 200, "the same again");
  away = true;
  assert.equal((await open.post("/v1/metrics", report(5, 20))).status, 503);
  away = false;
  assert.equal((await open.post("/v1/metrics", report(9, 30))).status, 200, "given up, and the next one");
  assert.deepEqual(kept, [3, 6]);
});
