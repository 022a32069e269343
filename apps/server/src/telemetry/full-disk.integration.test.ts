import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, smallDisk, whyNoSmallDisk } from "@msec/process/testing";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
// An engine that starts on a busy machine.
const patienceMs = 120_000;

test("a server whose store's disk is full refuses telemetry, says what to do, answers questions, and goes on when there is room", {
  skip: whyNoSmallDisk() ?? false,
}, async () => {
  await using disk = await smallDisk(64 * 1024 * 1024);
  const port = await freePort();
  const door = `http://127.0.0.1:${port}/v1/logs`;
  const listen = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0", "--otlp-listen", `127.0.0.1:${port}`];
  const flags = [
    "--state",
    `${disk.inside}/state`,
    "--only",
    "monitoring",
    "--metrics-loopback",
    "true",
    "--ready-json",
  ];
  const [command, ...args] = [...disk.enter, process.execPath, main, ...flags, ...listen];
  const child = spawn(command!, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  try {
    const [line] = await Promise.race([once(createInterface(child.stdout), "line"), once(child, "exit")]);
    const { console } = JSON.parse(String(line)) as { console: string };
    const isFull = async () =>
      / (\d)$/m.exec(/^msec_telemetry_store_full.*$/m.exec(await page(`${console}/metrics`))?.[0] ?? "")?.[1];
    await until("the store takes lines", async () => (await post(door)).status === 200, child);
    assert.equal(await isFull(), "0");

    disk.fill();
    const refused = await until(
      "it refuses them",
      async () => {
        const answer = await post(door);
        return answer.status === 200 ? undefined : answer;
      },
      child,
    );
    assert.equal(refused.status, 503);
    assert.match(refused.text, /its disk is full; report again/);
    assert.equal(await isFull(), "1");
    await post(door);
    // What it says on standard error may come after an answer over a socket.
    const isFullSaid = /state\/telemetry".*the disk of the telemetry store is full.*free space on it/g;
    await until("it says so", async () => said.match(isFullSaid) !== null, child);

    disk.clear();
    await until("it takes them again", async () => (await post(door)).status === 200, child);
    assert.equal(await isFull(), "0");
    await until("it says that there is room", async () => said.includes("the telemetry store has room again"), child);
    assert.equal(said.match(isFullSaid)?.length, 1, "once");
    assert.equal(said.match(/telemetry store serves after/g)?.length, 1, "it was not started again for it");
  } finally {
    const exit = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill("SIGTERM");
    await exit;
  }
});

async function page(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Lines that do not compress, 100 KB of them. */
async function post(door: string): Promise<{ status: number; text: string }> {
  const timeUnixNano = `${Date.now()}000000`;
  const record = () => ({
    timeUnixNano,
    severityNumber: 9,
    body: { stringValue: randomBytes(700).toString("base64") },
  });
  const attributes = [{ key: "service.name", value: { stringValue: "Full.disk" } }];
  const logs = { resource: { attributes }, scopeLogs: [{ logRecords: Array.from({ length: 100 }, record) }] };
  const body = JSON.stringify({ resourceLogs: [logs] });
  const answer = await fetch(door, { method: "POST", headers: { "content-type": "application/json" }, body });
  return { status: answer.status, text: await answer.text() };
}

async function until<T>(what: string, find: () => Promise<T | false | undefined>, child: ChildProcess): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    assert.equal(child.exitCode, null, "the server ended");
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await delay(100);
  }
}
