import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { nodeFlags, readProcess } from "@msec/process";

test("the server that is started alone runs with the launcher's flags and few arenas, and ends with its command", async () => {
  const state = mkdtempSync(join(tmpdir(), "msec-cli-"));
  const flags = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0", "--telemetry", "http://127.0.0.1:1"];
  const files = ["--console-files", state, "--ready-json"];
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const command = spawn(process.execPath, [main, "--state", state, "server", ...flags, ...files], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await once(createInterface(command.stdout), "line");
    const pid = readdirSync("/proc").find(
      (name) => /^\d+$/.test(name) && readProcess(Number(name))?.parentPid === command.pid,
    );
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    assert.deepEqual(words.slice(1, 1 + nodeFlags.length), nodeFlags);
    assert.match(readFileSync(`/proc/${pid}/environ`, "utf8"), /MALLOC_ARENA_MAX=2/);
    const ended = once(command, "exit");
    command.kill("SIGTERM");
    await ended;
    assert.equal(readProcess(Number(pid)), undefined);
  } finally {
    command.kill("SIGKILL");
    rmSync(state, { recursive: true, force: true });
  }
});
