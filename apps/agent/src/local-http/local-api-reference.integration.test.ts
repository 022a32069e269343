import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { freePort, waitUntil } from "@msec/process/testing";
import { AgentProcess, rootOf } from "../testing/agent-process.ts";
import { ControlServer } from "../testing/control-server.ts";
import { askLocal } from "../testing/local-request.ts";
import { installService } from "../testing/service-tree.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { localLimits } from "./local-limits.ts";
import { operations } from "./operations.ts";

const text = readFileSync(new URL("../../../../docs/reference/local-api.md", import.meta.url), "utf8");
const run = promisify(execFile);

test("docs/reference/local-api.md has every operation and every limit, and no other", () => {
  const headings = [...text.matchAll(/^### (GET|POST) (\S+)$/gm)].map(([, method, path]) => `${method} ${path}`);
  assert.deepEqual(headings.sort(), Object.keys(operations).sort());
  const rows = [...(text.split("## Limits")[1] ?? "").matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
  assert.deepEqual(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)])), localLimits);
});

test("every example of docs/reference/local-api.md runs with curl, and is answered as it says", async (context) => {
  try {
    await run("curl", ["--version"]);
  } catch {
    context.skip("there is no curl on this machine");
    return;
  }
  await using stack = new AsyncDisposableStack();
  const directory = temporaryDirectory();
  stack.defer(() => directory[Symbol.dispose]());
  const state = directory.path;
  const server = stack.use(await ControlServer.start());
  mkdirSync(join(state, "agent"), { recursive: true });
  writeFileSync(join(state, "agent", "enroll.json"), server.enrolment("first"));
  installService(rootOf(state), "Flight.web", "web.php", "");
  writeFileSync(join(rootOf(state), "Flight/web/etc/config.ini"), "[LOG]\nLevel=INFO\n[database]\nhost=10.0.0.9\n");
  const port = await freePort();
  writeFileSync(join(state, "msec.ini"), `[agent]\nlocal_port=${port}\n`);
  const route = { instanceId: "i1", address: "127.0.0.1", port: 7965, weight: 100 };
  server.setRoutes(5n, [{ service: "Login.mod_user", version: 5n, routes: [route] }]);
  const agent = await AgentProcess.start(state, "--config", join(state, "msec.ini"));
  stack.defer(async () => void (await agent.end("SIGKILL")));
  const socketPath = join(state, "run", "local.sock");
  await waitUntil("the routes are there", async () => {
    const { body } = await askLocal({ socketPath }, "GET", "/v1/services");
    return body.services.length > 0;
  });

  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    MSEC_LOCAL: socketPath,
    STATE: state,
    LOCAL_PORT: String(port),
  };
  const examples = [...text.matchAll(/^```sh\n([\s\S]*?)^```\n(?:```json\n([\s\S]*?)^```$)?/gm)];
  assert.equal(examples.length, Object.keys(operations).length + 1);
  for (const [, command = "", expected] of examples) {
    const { stdout } = await run("bash", ["-euc", command], { env: environment });
    const answer = JSON.parse(stdout);
    if (typeof answer.handle === "string") environment.HANDLE = answer.handle;
    if (expected !== undefined) assert.deepEqual(shapeOf(answer), shapeOf(JSON.parse(expected)), command);
  }
});

/** Names and kinds of values, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}
