import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endProgram, freePorts, startProgram, until } from "./system.ts";

test("`msec server --only monitoring` builds its tree from what one line of JSON reports, and registers nothing", async () => {
  const state = mkdtempSync(join(tmpdir(), "msec-alone-"));
  const [port] = await freePorts(1);
  const flags = ["--only", "monitoring", "--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0", "--ready-json"];
  const program = ["bin/msec.js", "server", "--state", state, ...flags, "--otlp-listen", `127.0.0.1:${port}`];
  const { child, lines } = await startProgram(program);
  try {
    const ready = JSON.parse(lines[0]!) as { console: string };
    const key = readFileSync(join(state, "server/operator.key"), "utf8").trim();
    const ask = async (method: string, request: object) => {
      const response = await fetch(`${ready.console}/api/msec.console.v1.${method}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
    };
    const line =
      '{"service":"Nightly.backup","instance":"db1:9","gauges":{"left":7},"text":"done","fields":{"disk":"sda"}}';
    // Until the store serves it is 503, which says to come again.
    await until("the report is taken", async () => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`http://127.0.0.1:${port}/v1/report`, { method: "POST", headers, body: line });
      assert.ok(response.ok || response.status === 503, await response.text());
      return response.ok ? true : undefined;
    });
    const { answer } = await ask("RegistryService/ListServices", {});
    const [service] = answer.services as { name: string; instances: { address: string; port: number }[] }[];
    assert.equal(service?.name, "Nightly.backup");
    assert.deepEqual([service.instances[0]?.address, service.instances[0]?.port], ["db1", 9]);
    const logs = await ask("LogService/FindLogs", {
      filter: { fromMs: Date.now() - 60_000, toMs: Date.now() + 60_000 },
    });
    assert.match(JSON.stringify(logs.answer), /"text":"done"/);
    for (const [method, request] of [
      ["RegistryService/CreateService", { name: "Flight.web", kind: 1, defaultPort: 8000 }],
      ["RegistryService/SetRouting", { instanceIds: ["x"], inRouting: true }],
    ] as const) {
      const refused = await ask(method, request);
      assert.equal(refused.status, 400, method);
      assert.match(String(refused.answer.message), /this server only monitors/);
    }
  } finally {
    await endProgram(child);
    rmSync(state, { recursive: true, force: true });
  }
});
