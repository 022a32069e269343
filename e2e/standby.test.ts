import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { waitUntil } from "@msec/process/testing";
import { checkout } from "./command.ts";
import { findFreePorts } from "./free-ports.ts";

const patienceMs = 120_000;
const keyFiles = ["identity.json", "operator.key", "secrets.key"];

interface Program {
  readonly child: ChildProcess;
  /** What it printed and said so far. */
  readonly output: () => string;
}

/** Two servers over one database, a host whose agent knows both. */
let directory: string;
let ports: number[];
const running = new Set<ChildProcess>();
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "msec-standby-"));
  ports = await findFreePorts(4);
});
after(async () => {
  for (const child of running) await end(child, "SIGTERM");
  await rm(directory, { recursive: true, force: true });
});

function run(...args: string[]): Program {
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  running.delete(child);
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }
  return child.exitCode;
}

const serverProgram = join(checkout, "apps/server/src/main.ts");
/** @param index  0 or 1: each has its ports and its state directory */
const runServer = (index: number, ...more: string[]) =>
  run(
    ...[serverProgram, "--state", `server${index}`, "--database", `sqlite:${join(directory, "control.db")}`],
    ...["--listen", `127.0.0.1:${ports[index]}`, "--agent-listen", `127.0.0.1:${ports[2 + index]}`],
    ...["--agent-address", `127.0.0.1:${ports[2]}, 127.0.0.1:${ports[3]}`, "--telemetry", "http://127.0.0.1:1"],
    ...["--ready-json", ...more],
  );
const serves = (server: Program, what: string) =>
  waitUntil(`${what} serves`, () => server.output().includes('"ready":true'), patienceMs);
const waits = (server: Program, what: string) =>
  waitUntil(
    `${what} waits`,
    () => /another msec server has the database; this one waits/.test(server.output()),
    patienceMs,
  );

async function ask<Answer>(index: number, method: string, request: object): Promise<Answer> {
  const key = (await readFile(join(directory, `server${index}/server/operator.key`), "utf8")).trim();
  const response = await fetch(`http://127.0.0.1:${ports[index]}/api/msec.console.v1.RegistryService/${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Answer;
}

const hostIsConnected = (index: number) =>
  waitUntil(
    `the host is connected to server ${index}`,
    async () => {
      const { hosts = [] } = await ask<{ hosts?: { connected?: boolean }[] }>(index, "ListHosts", {});
      return hosts.length === 1 && hosts[0]!.connected === true;
    },
    patienceMs,
  );

test("a second server waits, takes over with hosts and services when the first dies, and gives back in the same way", async () => {
  const first = runServer(0);
  await serves(first, "the first server");
  const told = await ask<Record<string, string>>(0, "CreateEnrollToken", {});
  const enrolment = { server: told.server, fingerprint: told.serverFingerprint, token: told.token };
  await writeFile(join(directory, "enroll.json"), JSON.stringify(enrolment), { mode: 0o600 });
  run(join(checkout, "apps/agent/src/main.ts"), "--state", "host", "--enroll-token-file", "enroll.json");

  // Without the first one's keys it would take over and be refused by all agents: it says so while somebody is there to read it.
  const bare = runServer(1, "--standby", "true");
  await waitUntil("it ends", () => bare.child.exitCode !== null, patienceMs);
  assert.match(bare.output(), /this standby has no identity\.json, no operator\.key, no secrets\.key .*copy/s);
  for (const name of keyFiles) {
    await copyFile(join(directory, "server0/server", name), join(directory, "server1/server", name));
  }
  const second = runServer(1, "--standby", "true");
  await waits(second, "the second server");

  await hostIsConnected(0);
  await ask(0, "CreateService", { name: "Flight.mod_flight", kind: "SERVICE_KIND_STANDARD", defaultPort: 7963 });
  await end(first.child, "SIGKILL");
  await serves(second, "the second server");
  await hostIsConnected(1);
  const { services = [] } = await ask<{ services?: { name?: string }[] }>(1, "ListServices", {});
  assert.deepEqual(
    services.map(({ name }) => name),
    ["Flight.mod_flight"],
  );

  const again = runServer(0, "--standby", "true");
  await waits(again, "the first server");
  assert.equal(await end(second.child, "SIGTERM"), 0, second.output());
  await serves(again, "the first server");
  await hostIsConnected(0);

  // One that waits ends when it is asked to.
  const waiting = runServer(1, "--standby", "true");
  await waits(waiting, "the second server");
  assert.equal(await end(waiting.child, "SIGTERM"), 0, waiting.output());
});
