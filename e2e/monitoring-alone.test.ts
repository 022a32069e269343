import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { waitUntil } from "@msec/process/testing";
import type { Browser, Page } from "playwright-core";
import {
  type Faults,
  findAccessibilityFaults,
  keepScreenshot,
  noBrowser,
  overflowsSideways,
  setLook,
  startBrowser,
  watchFaults,
} from "./browser.ts";
import { checkout, type RunningCommand, runMsec, startMsec } from "./command.ts";
import { findFreePorts } from "./free-ports.ts";

const run = promisify(execFile);
const options = noBrowser === undefined ? {} : { skip: noBrowser };
// An engine that starts on a busy machine.
const patienceMs = 120_000;

let directory: string;
let server: RunningCommand;
let agent: ChildProcess | undefined;
let browser: Browser;
let page: Page;
let faults: Faults;
let consoleUrl: string;
/** Where programs report over OTLP. */
let door: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "msec-alone-"));
  const [http, grpc] = await findFreePorts(2);
  door = `http://127.0.0.1:${http}`;
  const listen = ["--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"];
  const doors = ["--otlp-listen", `127.0.0.1:${http}`, "--otlp-grpc-listen", `127.0.0.1:${grpc}`];
  const state = join(directory, ".msec");
  server = startMsec(
    ["server", "--state", state, "--only", "monitoring", "--notify-allow", "127.0.0.1", ...listen, ...doors],
    directory,
  );
  const died = server.ended.then(({ stderr }) => assert.fail(`the server ended: ${stderr}`));
  died.catch(() => {});
  const ready = waitUntil("the server prints its link", () => /^agents: /m.test(server.stdout()), patienceMs);
  await Promise.race([ready, died]);
  consoleUrl = /http:\/\/[^/]+/.exec(server.stdout())![0];
  if (noBrowser !== undefined) return;
  browser = await startBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  context.setDefaultTimeout(patienceMs);
  faults = await watchFaults(context, consoleUrl);
  page = await context.newPage();
});
after(async () => {
  await browser?.close();
  for (const child of [agent, server?.child]) {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  }
  await rm(directory, { recursive: true, force: true });
});

async function ask(method: string, request: object) {
  const key = (await readFile(join(directory, ".msec/server/operator.key"), "utf8")).trim();
  const response = await fetch(`${consoleUrl}/api/msec.console.v1.${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

/** Runs an example as the page shows it, in `place`, until it is taken: the store may still be starting. */
async function runExample(text: string, place: string, taken: RegExp): Promise<void> {
  let said = "";
  await waitUntil(
    `${text} is taken`,
    async () => {
      const { stdout, stderr } = await run("bash", ["-c", text], { cwd: place }).catch((error) => error);
      said = `${stdout}${stderr}`;
      return taken.test(said);
    },
    patienceMs,
  ).catch((cause: unknown) => assert.fail(`${said} ${cause}`));
}

test("a server that only monitors registers, routes and moves nothing, and says why", async () => {
  for (const [method, request] of [
    ["RegistryService/CreateService", { name: "Flight.web", kind: 1, defaultPort: 8000 }],
    ["RegistryService/SetRouting", { instanceIds: ["x"], inRouting: true }],
    ["CapacityService/StartOperation", {}],
  ] as const) {
    const refused = await ask(method, request);
    assert.equal(refused.status, 400, method);
    assert.match(String(refused.answer.message), /this server only monitors/);
  }
});

test("rules and channels are kept in a file: applied, exported, changed, tested and removed by msec alarms", async () => {
  const posted: string[] = [];
  const hook = createServer((request, response) => {
    let body = "";
    request
      .on("data", (chunk) => {
        body += String(chunk);
      })
      .on("end", () => {
        posted.push(body);
        response.end("taken");
      });
  });
  await once(hook.listen(0, "127.0.0.1"), "listening");
  const msec = async (environment: NodeJS.ProcessEnv, ...args: string[]) =>
    await runMsec(["alarms", "--state", join(directory, ".msec"), ...args], directory, environment);
  const json = async (...args: string[]) => {
    const { status, stdout, stderr } = await msec({}, ...args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  try {
    const file = {
      channels: [{ name: "ops", kind: "webhook", url: "env:OPS_HOOK", secret: "env:OPS_SECRET" }],
      rules: [
        { name: "errors", service: "*", threshold: 5, severity: "critical", channels: ["ops"] },
        { name: "hosts", subject: "liveness", scope: "host", condition: "silent" },
      ],
    };
    const path = join(directory, "alarms.json");
    await writeFile(path, JSON.stringify(file));
    const secrets = { OPS_HOOK: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/x`, OPS_SECRET: "hunter2" };
    const without = await msec({}, "apply", path);
    assert.deepEqual([without.status, /channel ops: the environment has no OPS_HOOK/.test(without.stderr)], [1, true]);
    const dry = await msec(secrets, "apply", path, "--dry-run");
    assert.equal(dry.stdout, "+ channel ops\n+ rule errors\n+ rule hosts\n", dry.stderr);
    assert.deepEqual(await json("export"), { channels: [], rules: [] });
    const applied = await msec(secrets, "apply", path);
    assert.equal(applied.status, 0, applied.stderr);

    // What was exported is what is there: applied again it changes nothing, and its secrets are kept.
    const exported = await msec({}, "export");
    assert.doesNotMatch(exported.stdout, /hunter2|127\.0\.0\.1/);
    await writeFile(path, exported.stdout);
    assert.deepEqual((await json("apply", path, "--json")).changes, [
      { kind: "channel", name: "ops", what: "same" },
      { kind: "rule", name: "errors", what: "same" },
      { kind: "rule", name: "hosts", what: "same" },
    ]);
    const words = ["threshold=2", "escalateMinutes=5", "escalateChannels=ops"];
    const changed = await json("rule", "set", "errors", ...words, "--json");
    assert.deepEqual([changed.threshold, changed.escalateChannels, changed.severity], [2, ["ops"], "critical"]);
    assert.match((await msec({}, "rule")).stdout, /errors +critical +\* +ops/);
    const wrong = await msec({}, "rule", "set", "errors", "forMinutes=99");
    assert.deepEqual([wrong.status, wrong.stderr.includes("for_minutes is 99")], [1, true], wrong.stderr);

    assert.equal((await json("channel", "test", "ops", "--json")).ok, true);
    assert.equal(posted.length, 1);
    assert.match((await msec({}, "channel", "remove", "ops")).stderr, /the rule "errors" tells the channel/);
    // The file still has threshold 5, and now one rule fewer.
    const { channels, rules } = JSON.parse(exported.stdout);
    await writeFile(path, JSON.stringify({ channels, rules: rules.slice(0, 1) }));
    const last = await msec({}, "apply", path, "--remove-others");
    assert.equal(last.stdout, "~ rule errors\n- rule hosts\n", last.stderr);
    assert.deepEqual(await json("rule", "show", "errors"), rules[0]);
    for (const [kind, name] of [
      ["rule", "errors"],
      ["channel", "ops"],
    ] as const) {
      assert.deepEqual(await json(kind, "remove", name, "--json"), { removed: name });
    }
    assert.deepEqual(await json("export"), { channels: [], rules: [] });
  } finally {
    hook.close();
  }
});

test(
  "its first page is the monitor, which says how to report; its examples work as they stand, and the tree grows",
  options,
  async () => {
    const { stdout, stderr } = await runMsec(
      ["token", "--state", join(directory, ".msec"), "--name", "alice"],
      directory,
    );
    // The console of a fresh checkout is built beside the server, and the store starts beside it too: until then it is 503.
    const isBuilt = () => !server.stderr().includes("console: building") || server.stderr().includes("console: built");
    await waitUntil("the console is built", isBuilt, patienceMs);
    await waitUntil(
      "the store serves",
      async () => (await ask("RegistryService/ListServices", {})).status === 200,
      patienceMs,
    );
    const preview = ["rule", "preview", "quiet", "service=*", "subject=calls", "threshold=1", "--json"];
    const previewed = await runMsec(["alarms", "--state", join(directory, ".msec"), ...preview], directory);
    assert.equal(JSON.parse(previewed.stdout || assert.fail(previewed.stderr)).fired, 0);
    await page.goto(stdout.trim() || assert.fail(stderr));
    await page.getByRole("heading", { level: 1, name: "Monitor" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/monitor");
    assert.equal(await page.title(), "Monitor · msec monitor");
    await page.getByText("alice", { exact: true }).waitFor();
    const sections = page.getByRole("navigation", { name: "Sections" });
    assert.deepEqual(await sections.getByRole("link").allTextContents(), [
      "Monitor",
      "Map",
      "Requests",
      "Logs",
      "Hosts",
      "Alarms",
    ]);
    await page.getByText("Nothing has reported yet.", { exact: true }).waitFor();
    assert.deepEqual(await findAccessibilityFaults(page), []);
    for (const width of [1440, 1024] as const) {
      await setLook(page, { language: "en", theme: "light", width });
      await keepScreenshot(page, "alone-empty", { language: "en", theme: "light", width });
      assert.equal(await overflowsSideways(page), false);
    }

    const examples = await page.locator(".code-block pre").allTextContents();
    await runExample(examples[0]!, directory, /^\{\}/);
    const leaf = page.getByRole("navigation", { name: "Service tree" }).getByRole("link", { name: "backup" });
    await leaf.click();
    await page.waitForURL((url) => url.searchParams.get("service") === "Nightly.backup");
    await page.getByRole("figure", { name: "usr.files" }).waitFor();
    await page.getByRole("figure", { name: "usr.left_bytes" }).waitFor();
    await page.locator("main").getByRole("link", { name: "Logs" }).click();
    await page.getByRole("row").filter({ hasText: "done" }).first().waitFor();
    // Only services on msec hand marks of dyeing on.
    assert.equal(await page.getByRole("switch").count(), 0);
  },
);

test("pages of what is not there lead to what is", options, async () => {
  for (const path of ["/", "/services", "/capacity", "/dyeing"]) {
    await page.goto(consoleUrl + path);
    await page.waitForURL(`${consoleUrl}/monitor`);
  }
  for (const path of ["/services/Nightly.backup", "/services/Nightly.backup/policy"]) {
    await page.goto(consoleUrl + path);
    await page.waitForURL(`${consoleUrl}/services/Nightly.backup/curves`);
  }
  await page.getByRole("heading", { level: 1, name: "Nightly.backup" }).waitFor();
  const tabs = await page.locator("nav.tabs a").allTextContents();
  assert.deepEqual(tabs, ["Curves", "Monitor", "Requests", "Logs"]);
  assert.equal(await page.getByRole("switch").count(), 0);
});

test(
  "of a request of 100,000 spans and 20,000 log lines page, command and API show a part, say so, and hold up nobody",
  options,
  async () => {
    // One that a sample of any share keeps: its position is among the first of 2^32 (`tracePosition` of @msec/telemetry).
    const traceId = "21a922556bce8b8c5964201342107472";
    const [spans, lines] = [100_000, 20_000];
    const startMs = Date.now() - 60_000;
    const spanId = (n: number) => (n + 1).toString(16).padStart(16, "0");
    // First a chain as deep as half of what is shown, then one call beside the other.
    const parentOf = (n: number) => (n === 0 ? {} : { parentSpanId: spanId(n < 2_500 ? n - 1 : 0) });
    const span = (n: number) => ({
      ...{ traceId, spanId: spanId(n), ...parentOf(n), name: `Step${n % 3}`, kind: 2 },
      ...{
        startTimeUnixNano: `${startMs}${String(n).padStart(6, "0")}`,
        endTimeUnixNano: `${startMs + 1}${String(n).padStart(6, "0")}`,
      },
    });
    const line = (n: number) => ({
      ...{ traceId, spanId: spanId(0), timeUnixNano: `${startMs}000000`, severityNumber: 9 },
      body: { stringValue: `line ${n}` },
    });
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "Big.request" } }] };
    const rows = <Row>(from: number, row: (n: number) => Row) => Array.from({ length: 5_000 }, (_, n) => row(from + n));
    const send = (path: string, body: object) =>
      waitUntil(
        `${path} is taken`,
        async () => {
          const headers = { "content-type": "application/json" };
          const answer = await fetch(`${door}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
          return answer.status === 200 && !/rejected/.test(await answer.text());
        },
        patienceMs,
      );
    for (let n = 0; n < spans; n += 5_000)
      await send("traces", { resourceSpans: [{ resource, scopeSpans: [{ spans: rows(n, span) }] }] });
    for (let n = 0; n < lines; n += 5_000)
      await send("logs", { resourceLogs: [{ resource, scopeLogs: [{ logRecords: rows(n, line) }] }] });

    const asked = ask("TelemetryService/GetFlow", { requestId: traceId });
    // Somebody else's question beside it.
    assert.equal((await ask("RegistryService/ListServices", {})).status, 200);
    const { status, answer } = await asked;
    const { spans: shown, logs, truncated } = answer as { spans: object[]; logs: object[]; truncated: boolean };
    assert.deepEqual([status, shown.length, logs.length, truncated], [200, 5_000, 1_000, true]);

    const {
      status: exit,
      stdout,
      stderr,
    } = await runMsec(["flow", traceId, "--state", join(directory, ".msec")], directory);
    assert.equal(exit, 0, stderr);
    assert.match(stderr, /Only the first spans are shown/);
    const printed = stdout.trimEnd().split("\n");
    assert.equal(printed.length, 5_002);
    assert.ok(Math.max(...printed.map(({ length }) => length)) < 300, "lines that can be read");

    await page.goto(`${consoleUrl}/requests/${traceId}`);
    await page.getByText("The first 5,000 spans and 1,000 log lines are shown").waitFor();
    const calls = page.getByRole("table", { name: "Timing" }).locator("tbody tr");
    assert.equal(await calls.count(), 500);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("1000 / 5000").waitFor();
    await keepScreenshot(page, "long-request", { language: "en", theme: "light", width: 1440 });
    assert.equal(await overflowsSideways(page), false);
    assert.deepEqual(faults.seen, []);
  },
);

test("an agent enrols: its host's curves are there, and programs report over its local API", options, async () => {
  await page.goto(`${consoleUrl}/hosts`);
  await page.getByText("No agent has enrolled").waitFor();
  await page.getByRole("link", { name: "How to report" }).click();
  await page.getByRole("heading", { level: 1, name: "How programs report" }).waitFor();
  const examples = await page.locator(".code-block pre").allTextContents();
  const start = examples.find((text) => text.includes("--enroll-token-file")) ?? assert.fail(examples.join("\n"));
  const local = examples.find((text) => text.includes("--unix-socket")) ?? assert.fail(examples.join("\n"));

  const host = join(directory, "db1");
  await mkdir(host);
  // In the example `db1` stands for what `hostname` says there.
  await writeFile(join(host, "msec.ini"), "[agent]\nhost_name = db1\n");
  const { stdout, stderr } = await runMsec(["token", "--state", join(directory, ".msec"), "--host", "db1"], directory);
  await writeFile(join(host, "enroll.json"), stdout || assert.fail(stderr), { mode: 0o600 });
  // The example's own words, but for where the checkout is.
  const [, ...words] = start.split(" ");
  const args = words.map((word) => (word.startsWith("apps/") ? join(checkout, word) : word));
  agent = spawn(process.execPath, [...args, "--config", "msec.ini"], { cwd: host, stdio: "ignore" });
  await page.goto(`${consoleUrl}/hosts`);
  await page.getByRole("row").filter({ hasText: "db1" }).getByText("connected").waitFor();

  await runExample(local, host, /"taken":1/);
  const key = { service: "Nightly.backup", host: "db1" };
  await waitUntil(
    "what the agent reports of its host and was told is in the store",
    async () => {
      const nowMs = Date.now();
      const range = { fromMs: nowMs - 600_000, toMs: nowMs + 60_000 };
      const own = await ask("MetricService/ListAttributes", { ...key, ...range });
      const hosts = await ask("MetricService/ListAttributes", { host: "db1", ...range });
      return /usr\.files/.test(JSON.stringify(own.answer)) && /sys\.cpu/.test(JSON.stringify(hosts.answer));
    },
    patienceMs,
  );
  assert.deepEqual(faults.seen, []);
});
