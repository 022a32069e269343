import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { waitUntil } from "@msec/process/testing";
import { sdkMissing } from "./sdk.ts";
import { endProgram, freePorts, startProgram } from "./system.ts";

const run = promisify(execFile);
const patienceMs = 120_000;

type Instance = { address: string };
type Service = { name: string; instances?: Instance[] };
type Flow = { spans?: { service: string; method: string; code?: number }[]; logs?: { text: string }[] };

test("OpenTelemetry's SDK reports straight to a server that only monitors: tree, request, log and curves are there without any agent", {
  skip: sdkMissing,
}, async () => {
  const state = mkdtempSync(join(tmpdir(), "msec-otel-alone-"));
  const [http, grpc] = await freePorts(2);
  const places = { http: `http://127.0.0.1:${http}`, grpc: `http://127.0.0.1:${grpc}` };
  const doors = ["--otlp-listen", `127.0.0.1:${http}`, "--otlp-grpc-listen", `127.0.0.1:${grpc}`];
  const listen = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"];
  const flags = ["--state", state, "--only", "monitoring", "--metrics-loopback", "true", "--ready-json"];
  const server = await startProgram(["apps/server/src/main.ts", ...flags, ...listen, ...doors]);
  try {
    const { console } = JSON.parse(server.lines[0]!) as { console: string };
    const key = readFileSync(join(state, "server/operator.key"), "utf8").trim();
    const ask = async <Answer>(method: string, request: object): Promise<Answer | undefined> => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const url = `${console}/api/msec.console.v1.${method}`;
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(request) });
      return answer.ok ? ((await answer.json()) as Answer) : undefined;
    };
    // The SDK gives up what is refused for longer than its patience; the store has to serve.
    await waitUntil("the store serves", () => ask("RegistryService/ListServices", {}), patienceMs);
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "report.mjs"), JSON.stringify(places)]);
    const { traceId } = JSON.parse(stdout) as { traceId: string };

    const tree = await waitUntil(
      "the tree has who reported",
      async () => {
        const { services = [] } = (await ask<{ services?: Service[] }>("RegistryService/ListServices", {})) ?? {};
        return services.length >= 3 ? services : undefined;
      },
      patienceMs,
    );
    assert.deepEqual(
      tree.map(({ name, instances = [] }) => [name, instances.map(({ address }) => address)]),
      [
        ["OTel.pay", ["pay-1"]],
        ["OTel.shop", ["shop-1"]],
        ["OTel.stock", ["stock-1"]],
      ],
    );
    const flow = await waitUntil(
      "the request is whole",
      async () => {
        const { spans = [], logs = [] } = (await ask<Flow>("TelemetryService/GetFlow", { requestId: traceId })) ?? {};
        return spans.length >= 6 && logs.length > 0 ? { spans, logs } : undefined;
      },
      patienceMs,
    );
    assert.deepEqual(flow.spans.map(({ service, method, code = 0 }) => `${service} ${method} ${code}`).sort(), [
      "OTel.pay pay.Charge 9",
      "OTel.shop GET /buy 0",
      "OTel.shop pay.Charge 2",
      "OTel.shop price the cart 0",
      "OTel.shop stock.Take 0",
      "OTel.stock stock.Take 0",
    ]);
    assert.equal(flow.logs[0]?.text, "could not buy");

    const range = { fromMs: Date.now() - 900_000, toMs: Date.now() + 60_000, stepS: 60 };
    const names = ["usr.open.carts", "usr.orders{kind=book}", "usr.took.count"];
    await waitUntil(
      "its metrics are there, which are sent by themselves",
      async () => {
        const query = { service: "OTel.shop", names, ...range };
        const found = await ask<{ series?: { name: string }[] }>("MetricService/QueryMetrics", query);
        const series = found?.series ?? [];
        return (
          series
            .map(({ name }) => name)
            .sort()
            .join() === names.join() || undefined
        );
      },
      patienceMs,
    );
    const calls = await ask<{ series?: { calls: number[] }[] }>("TelemetryService/QueryCalls", {
      ...{ service: "OTel.shop", side: 1, ...range },
    });
    assert.equal(
      calls?.series?.flatMap(({ calls: counts }) => counts).reduce((sum, count) => sum + count, 0),
      1,
    );

    // The store's process is killed while the SDK reports: nothing is lost, over gRPC neither, where the SDK does not repeat what is refused; nothing is there twice.
    const steady = run(process.execPath, [
      join(import.meta.dirname, "steady.mjs"),
      JSON.stringify({ ...places, seconds: 3, perSecond: 100 }),
    ]);
    const record = join(state, "run/telemetry-store.json");
    const storePid = () => (existsSync(record) ? (JSON.parse(readFileSync(record, "utf8")) as { pid: number }).pid : 0);
    const before = storePid();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    process.kill(before, "SIGKILL");
    await waitUntil(
      "the store's process is another one",
      async () => ![0, before].includes(storePid()) || undefined,
      patienceMs,
    );
    const { stdout: made, stderr: saidBySdk } = await steady;
    assert.doesNotMatch(saidBySdk, /UNAVAILABLE|failed/i, "what the SDK says of its exports");
    const { lines, ...spans } = JSON.parse(made) as Record<string, number>;
    for (const [name, count] of Object.entries(spans)) {
      const found = await waitUntil(
        `${name}: ${count} calls`,
        async () => {
          const query = { service: `OTel.${name}`, side: 1, ...range, toMs: Date.now() + 60_000 };
          const { series = [] } =
            (await ask<{ series?: { calls: number[] }[] }>("TelemetryService/QueryCalls", query)) ?? {};
          const sum = series.flatMap(({ calls: counts }) => counts).reduce((total, one) => total + one, 0);
          return sum >= count ? sum : undefined;
        },
        patienceMs,
      );
      assert.equal(found, count, name);
    }
    const counted = await ask<{ total?: number }>("LogService/CountLogs", {
      filter: { service: "OTel.lines", fromMs: range.fromMs, toMs: Date.now() + 60_000 },
      stepS: 60,
    });
    assert.equal(counted?.total, lines, "log lines");
    const page = await (await fetch(`${console}/metrics`)).text();
    assert.match(page, /^msec_otlp_rejected_rows_total 0$/m);
    assert.match(page, /^msec_otlp_left_out_spans_total 0$/m);
  } finally {
    await endProgram(server.child);
    rmSync(state, { recursive: true, force: true });
  }
});
