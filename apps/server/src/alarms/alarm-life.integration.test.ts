import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AlarmChannelKind, AlarmCondition, AlarmService, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import { MetricService } from "@msec/api/console/v1/metrics_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { CallSide, TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { waitUntil } from "@msec/process/testing";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { startHook } from "./testing/hook.ts";
import { startMailServer } from "./testing/mail-server.ts";
import { ruleOf } from "./testing/rules.ts";

const SERVICE = "Shop.orders";
const minuteMs = 60_000;
/** How far ahead the clock of the service's second life is: behind the minutes in which there was nothing. */
const AHEAD_MINUTES = 6;
// Programs and engines start as slowly as a busy machine makes them.
const patienceMs = 120_000;
const until: typeof waitUntil = (what, ask) => waitUntil(what, ask, patienceMs);

/** A program on the SDK: counts a heartbeat, serves a method that fails when it is asked to. */
const PROGRAM = `
import { DyeingService } from ${JSON.stringify(import.meta.resolve("@msec/api/agent/v1/dyeing_pb.js"))};
import { serve } from ${JSON.stringify(new URL("../../../../packages/service/src/index.ts", import.meta.url).href)};
const service = serve(DyeingService, {
  watchDyeing({ appliedVersion }) {
    if (appliedVersion === "fail") throw new Error("out of stock");
    return { version: "ok" };
  },
}, { name: "${SERVICE}", listen: { address: "127.0.0.1", port: 0 }, onNotice: () => {} });
const { port } = await service.ready;
setInterval(() => service.count("heartbeat"), 100);
console.log(JSON.stringify({ port }));
`;

const faketime = spawnSync("faketime", ["-f", "+0", "printenv", "LD_PRELOAD"], { encoding: "utf8" });
const skip = faketime.error === undefined ? false : "needs Debian's faketime";

test("a service's errors and its silence open alarms, a webhook and a mail tell of them, and both end when it is well again", {
  skip,
  timeout: 5 * patienceMs,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const hook = stack.use(await startHook());
  const mail = stack.use(await startMailServer());
  const config = { telemetry: "embedded", notify_allow: "127.0.0.1" };
  // The test says when a minute is judged.
  const times = { tickMs: 3_600_000, settleMs: 0, recoverMs: 0 };
  const server = stack.use(await startTestServer(config, times));
  const directory = mkdtempSync(join(tmpdir(), "msec-alarm-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const agent = await startAgent(server, join(directory, "state"));
  stack.defer(() => end(agent.child));
  const program = join(directory, "program.mjs");
  writeFileSync(program, PROGRAM);
  const environment = { PATH: process.env.PATH ?? "", MSEC_AGENT: agent.listen };

  const alarms = server.operator(AlarmService);
  const webhook = { enabled: true, kind: AlarmChannelKind.WEBHOOK, url: hook.url, sendResolved: true };
  const email = {
    ...{ enabled: true, kind: AlarmChannelKind.EMAIL, recipients: ["ada@example.com"], sendResolved: true },
    ...{ smtpHost: "127.0.0.1", smtpPort: mail.port, smtpSecurity: "none", smtpFrom: "msec@example.com" },
  };
  const saved = [
    await alarms.saveAlarmChannel({ channel: { name: "hook", ...webhook } }),
    await alarms.saveAlarmChannel({ channel: { name: "mail", ...email } }),
  ];
  const channelIds = saved.map(({ channel }) => channel!.id);
  const shared = { service: SERVICE, channelIds, resolveMinutes: 1 };
  const silence = {
    subject: AlarmSubject.METRIC,
    metric: "usr.heartbeat",
    condition: AlarmCondition.SILENT,
    threshold: 0,
  };
  await alarms.saveAlarmRule({ rule: ruleOf({ ...shared, name: "errors" }) });
  await alarms.saveAlarmRule({ rule: ruleOf({ ...shared, name: "gone", ...silence }) });
  const judge = async (minute: number) => {
    server.clock.offsetMs = (minute + 1) * minuteMs + 1_000 - Date.now();
    await server.server.judgeAlarms();
  };
  const open = async () => (await alarms.listAlarms({})).alarms.map(({ rule }) => rule?.name).sort();
  const posted = (event: string) =>
    hook.got
      .flatMap(({ json }) => json.alarms as { event: string; rule: string }[])
      .filter((one) => one.event === event);

  const first = await startService(program, environment);
  stack.defer(() => end(first.child));
  const begunMinute = Math.floor(Date.now() / minuteMs);
  await call(first.port, "fail", 20);
  await until("the store has the failures and heartbeats", async () => {
    const { bad, firstBadMinute } = await countCalls(server, 0);
    return bad >= 20 && (await heartbeatMinutes(server, 0)).includes(firstBadMinute!);
  });
  const badMinute = (await countCalls(server, 0)).firstBadMinute ?? assert.fail();
  assert.ok(badMinute >= begunMinute);
  await judge(badMinute);
  assert.deepEqual(await open(), ["errors"]);
  await until("webhook and mail tell of it", async () => posted("opened").length === 1 && mail.got.length === 1);
  assert.deepEqual(mail.got[0]!.to, ["ada@example.com"]);
  assert.match(mail.got[0]!.data, /^Subject: .*errors.*Shop\.orders|^Subject: .*Shop\.orders/m);

  // Killed: nothing comes any more, in any of the minutes that follow.
  await end(first.child, "SIGKILL");
  const silentMinute = Math.floor(Date.now() / minuteMs) + 3;
  for (let minute = badMinute + 1; minute <= silentMinute; minute++) await judge(minute);
  assert.ok((await open()).includes("gone"), `open: ${await open()}`);
  await until("webhook and mail tell of its silence", async () => posted("opened").length >= 2 && mail.got.length >= 2);

  // Well again, minutes later by its own clock.
  const ahead = { LD_PRELOAD: faketime.stdout.trim(), FAKETIME: `+${AHEAD_MINUTES * 60}s` };
  const second = await startService(program, { ...environment, ...ahead });
  stack.defer(() => end(second.child));
  await call(second.port, "well", 20);
  // Up to the last minute of which it is known that it speaks: in one that has just begun it has said nothing yet.
  let lastMinute = 0;
  await until("the store has what it says now", async () => {
    const { good, lastMinute: called } = await countCalls(server, AHEAD_MINUTES - 1);
    lastMinute = Math.max(0, ...(await heartbeatMinutes(server, AHEAD_MINUTES - 1)));
    return good >= 20 && called !== undefined && called <= lastMinute;
  });
  for (let minute = silentMinute + 1; minute <= lastMinute; minute++) await judge(minute);
  assert.deepEqual(await open(), []);
  await until("webhook and mail tell of both ends", async () => posted("resolved").length >= 2 && mail.got.length >= 4);
  // Where the first life reached into another minute, its silence may have been judged before its last words came, ended by them, and begun again.
  const { alarms: ended } = await alarms.listAlarms({ history: true });
  assert.deepEqual([...new Set(ended.map(({ rule }) => rule?.name))].sort(), ["errors", "gone"]);
});

/** Calls of the service as it counted them, from so many minutes ahead on. */
async function countCalls(server: TestServer, aheadMinutes: number) {
  const range = { fromMs: Date.now() + (aheadMinutes - 3) * minuteMs, toMs: Date.now() + 15 * minuteMs, stepS: 60 };
  const query = { ...range, fromMs: aheadMinutes === 0 ? range.fromMs : Date.now() + aheadMinutes * minuteMs };
  const answer = await server
    .operator(TelemetryService)
    .queryCalls({ service: SERVICE, side: CallSide.SERVER, ...query })
    .catch(() => undefined);
  const series = answer?.series[0];
  const bad = series?.failures ?? [];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const at = bad.findIndex((number) => number > 0);
  const last = series?.calls.findLastIndex((number) => number > 0) ?? -1;
  return {
    bad: sum(bad),
    good: sum(series?.calls ?? []) - sum(bad),
    firstBadMinute: at < 0 ? undefined : Math.floor(answer!.timeMs[at]! / minuteMs),
    lastMinute: last < 0 ? undefined : Math.floor(answer!.timeMs[last]! / minuteMs),
  };
}

/** The minutes in which it counted heartbeats, from so many minutes ahead on. */
async function heartbeatMinutes(server: TestServer, aheadMinutes: number): Promise<number[]> {
  const fromMs = Date.now() + (aheadMinutes === 0 ? -3 : aheadMinutes) * minuteMs;
  const range = { fromMs, toMs: Date.now() + 15 * minuteMs, stepS: 60 };
  const metrics = server.operator(MetricService);
  const answer = await metrics.queryMetrics({ service: SERVICE, names: ["usr.heartbeat"], ...range });
  const firstMinute = Math.floor(answer.fromMs / minuteMs);
  return (answer.series[0]?.values ?? []).flatMap((value, at) => (value > 0 ? [firstMinute + at] : []));
}

async function call(port: number, version: string, times: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/?methodName=msec.agent.v1.DyeingService.WatchDyeing`;
  for (let time = 0; time < times; time++) {
    await (await fetch(url, { method: "POST", body: JSON.stringify({ appliedVersion: version }) })).text();
  }
}

async function startAgent(server: TestServer, state: string): Promise<{ child: ChildProcess; listen: string }> {
  const enrolment = await server.operator(RegistryService).createEnrollToken({ hostName: "alpha" });
  mkdirSync(join(state, "agent"), { recursive: true, mode: 0o700 });
  const { token, server: address, serverFingerprint: fingerprint } = enrolment;
  const text = JSON.stringify({ server: address, fingerprint, token });
  writeFileSync(join(state, "agent/enroll.json"), text, { mode: 0o600 });
  const config = join(state, "msec.ini");
  writeFileSync(config, "[agent]\nhost_name = alpha\n");
  const main = fileURLToPath(new URL("../../../agent/src/main.ts", import.meta.url));
  const { child, line } = await startNode([main, "--state", state, "--config", config, "--ready-json"], {
    PATH: process.env.PATH ?? "",
  });
  return { child, listen: (JSON.parse(line) as { listen: string }).listen };
}

async function startService(program: string, environment: NodeJS.ProcessEnv) {
  const { child, line } = await startNode([program], environment);
  return { child, port: (JSON.parse(line) as { port: number }).port };
}

/** Start a program and wait for its first line. @throws what it said when it ends instead */
async function startNode(args: string[], env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said = `${said}${chunk}`.slice(-10_000);
  });
  const ended = once(child, "exit").then(() => undefined);
  // Of the lines of its log, which are JSON too, none comes before.
  const line = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
  if (line === undefined) throw new Error(`${args[0]} ended: ${said}`);
  return { child, line: String(line[0]) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
