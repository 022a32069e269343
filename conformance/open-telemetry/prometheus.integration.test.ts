import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "@msec/process/testing";
import { endProgram, freePorts, startSystem } from "./system.ts";

const prometheus = "/usr/bin/prometheus";

test("Debian's Prometheus reads server and agent, and has the calls that were reported; others read nothing", {
  skip: !existsSync(prometheus) && "prometheus is not installed (apt-get install prometheus)",
}, async () => {
  await using system = await startSystem();
  const { http, metrics } = system.ports;
  const target = new URL(system.console).host;
  for (const headers of [{}, { authorization: "Bearer wrong" }]) {
    assert.equal((await fetch(`${system.console}/metrics`, { headers })).status, 401);
  }
  const page = await fetch(`http://127.0.0.1:${metrics}/metrics`, { headers: { origin: "http://evil.example" } });
  assert.equal(page.status, 403);

  const beganMs = Date.now();
  const spans = [
    {
      ...{ traceId: "ab".repeat(16), spanId: "cd".repeat(8), name: 'GET "/a\\b"', kind: 2 },
      ...{ startTimeUnixNano: `${beganMs}000000`, endTimeUnixNano: `${beganMs + 3}000000` },
    },
  ];
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "web" } }] };
  const sent = await fetch(`http://127.0.0.1:${http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  });
  assert.deepEqual([sent.status, await sent.json()], [200, {}]);

  const own = { service: "Nightly.backup", counters: { "files copied": 120 }, gauges: { 'left{disk="a"}': 7 } };
  const reported = await fetch(`http://127.0.0.1:${http}/v1/report`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(own),
  });
  assert.deepEqual([reported.status, await reported.json()], [200, {}]);

  const directory = mkdtempSync(join(tmpdir(), "msec-prometheus-"));
  const [port] = await freePorts(1);
  const config = join(directory, "prometheus.yml");
  const key = JSON.stringify(system.operatorKey);
  writeFileSync(
    config,
    [
      "global: {scrape_interval: 1s}",
      "scrape_configs:",
      `  - {job_name: server, authorization: {credentials: ${key}}, static_configs: [{targets: ["${target}"]}]}`,
      `  - {job_name: agent, static_configs: [{targets: ["127.0.0.1:${metrics}"]}]}`,
    ].join("\n"),
    { mode: 0o600 },
  );
  const child = spawn(
    prometheus,
    [`--config.file=${config}`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: "ignore" },
  );
  try {
    const value = async (query: string) => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok !== true) return undefined;
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1];
    };
    for (const job of ["server", "agent"]) {
      await waitUntil(`${job} is read`, async () => ((await value(`up{job="${job}"}`)) === "1" ? true : undefined));
      const calls = `msec_calls_total{job="${job}",service="OTel.web",method='GET "/a\\\\b"',side="server",code="0"}`;
      assert.equal(await waitUntil(`${job} has the call`, () => value(calls)), "1");
      const bucket = `msec_call_duration_seconds_bucket{job="${job}",service="OTel.web",le="0.005"}`;
      assert.equal(await waitUntil(`${job} has its duration`, () => value(bucket)), "1");
      const files = `msec_usr_files_copied_total{job="${job}",service="Nightly.backup",name="usr.files copied"}`;
      assert.equal(await waitUntil(`${job} has the developer's counter`, () => value(files)), "120");
      const left = `msec_usr_left{job="${job}",service_instance="plain",name='usr.left{disk="a"}'}`;
      assert.equal(await waitUntil(`${job} has the developer's gauge`, () => value(left)), "7");
    }
    assert.equal(await waitUntil("a host is connected", () => value("msec_hosts_connected")), "1");
    assert.equal(await value("msec_open_alarms"), "0");
    await waitUntil("the host's metrics are there", () =>
      value('msec_sys_cpu_used_percent{job="server",host="otel-host"}'),
    );
  } finally {
    await endProgram(child);
    rmSync(directory, { recursive: true, force: true });
  }
});
