import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openState, socketPath, writeRunRecord } from "@msec/process";
import { askLauncher } from "./control-client.ts";
import type { ControlRequest, ControlResponse } from "./control-protocol.ts";
import { listenForControl } from "./control-server.ts";

const status = { state: "running", pid: 1, restarts: 0, reason: "" };
const done: ControlResponse = { ok: true, changed: true, parts: { server: status, agent: status } };

function temporaryState(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), "msec-control-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return openState(directory).path;
}

test("a request reaches the launcher and its answer comes back", async (t) => {
  const state = temporaryState(t);
  const heard: ControlRequest[] = [];
  await using _server = await listenForControl(socketPath(state, "launcher"), async (request) => {
    heard.push(request);
    return done;
  });
  writeRunRecord(state, { name: "launcher", role: "launcher" });
  assert.deepEqual(await askLauncher(state, { command: "stop", part: "server" }), done);
  assert.deepEqual(heard, [{ command: "stop", part: "server" }]);
  assert.equal(statSync(socketPath(state, "launcher")).mode & 0o777, 0o600);
});

test("without a launcher there is no answer, also where a dead one left its socket and record", async (t) => {
  const state = temporaryState(t);
  assert.equal(await askLauncher(state, { command: "status" }), undefined);
  writeRunRecord(state, { name: "launcher", role: "launcher" });
  assert.equal(await askLauncher(state, { command: "status" }), undefined);
});

test("what fails in the launcher is told to who asked", async (t) => {
  const state = temporaryState(t);
  await using _server = await listenForControl(socketPath(state, "launcher"), async () => {
    throw new Error("no such luck");
  });
  writeRunRecord(state, { name: "launcher", role: "launcher" });
  await assert.rejects(askLauncher(state, { command: "status" }), /no such luck/);
});

test("what is no request is refused, also when it never ends", async (t) => {
  const state = temporaryState(t);
  const path = socketPath(state, "launcher");
  await using _server = await listenForControl(path, async () => done);
  for (const text of ["hello\n", '{"command":"stop","part":"moon"}\n', "null\n", "x".repeat(5000)]) {
    const answer = await new Promise<string>((resolve, reject) => {
      let received = "";
      const socket = createConnection(path, () => socket.write(text));
      socket.on("data", (chunk) => (received += chunk));
      socket.on("end", () => resolve(received));
      socket.on("error", reject);
    });
    assert.equal((JSON.parse(answer) as ControlResponse).ok, false, text.slice(0, 40));
  }
});
