import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "@msec/process/testing";
import { startSystem, type TestSystem } from "./system.ts";

// Hostile rows T-05, T-06 and T-08 of docs/parity.md through the server's public port, and T-01 and T-02 through the agent's local API: what is answered, and that nothing else happens.

const day = 86_400_000;
const nowMs = Date.now();
const range = { fromMs: nowMs - 3_600_000, toMs: nowMs + 60_000 };
const log = (where: string) => ["LogService/FindLogs", { filter: { ...range, where }, limit: 10 }] as const;
const curve = (names: string[], more: object = {}) =>
  ["MetricService/QueryMetrics", { service: "Shop.web", names, ...range, stepS: 60, ...more }] as const;
const attributes = (names: string) =>
  ["MetricService/ListAttributes", { service: "Shop.web", names, ...range }] as const;
const rule = (more: object) =>
  [
    "AlarmService/SaveAlarmRule",
    {
      rule: {
        ...{ name: "hostile", enabled: true, severity: 2, subject: 5, scope: 1, service: "Shop.web", condition: 1 },
        ...{ logText: "x", threshold: 1, forMinutes: 1, ofMinutes: 1, resolveMinutes: 1, ...more },
      },
    },
  ] as const;
const channel = (url: string) =>
  [
    "AlarmService/SaveAlarmChannel",
    { channel: { name: "hostile", enabled: true, kind: "ALARM_CHANNEL_KIND_WEBHOOK", url } },
  ] as const;

/** What is sent, and what the answer is: `found` rows of a good answer, or the words of a refusal. */
type Row = readonly [what: string, question: readonly [method: string, request: object], answer: RegExp | "nothing"];

const rows: readonly Row[] = [
  ["T-05 a second statement", log("'; DROP TABLE msec.log_line; --"), /cannot be read at character/],
  ["T-05 a text that ends the statement", log(`"x'); DROP TABLE msec.log_line; --"`), "nothing"],
  ["T-05 a backslash before the quote", log(`"\\\\' OR 1=1 --"`), "nothing"],
  ["T-05 a union", log("level = info UNION SELECT * FROM system.users"), "nothing"],
  ["T-05 a function of the engine", log("file('/etc/passwd') = 1"), /cannot be read at character/],
  ["T-05 an address of the engine", log("url('http://127.0.0.1:1/') = 1"), /cannot be read at character/],
  ["T-05 sleep", log("sleep(3) = 0"), /cannot be read at character/],
  ["T-05 a field that is SQL", log(`fields['x'] = 1`), /cannot be read at character/],
  ["T-05 10,000 brackets", log("(".repeat(10_000)), /1,?000|long|deep|nested/i],
  ["T-05 a regular expression that explodes elsewhere", log(`text ~ "(a+)+$"`), "nothing"],
  ["T-05 a text with a bracket", log(`text ~ "("`), "nothing"],
  [
    "T-05 400 days and one",
    ["LogService/FindLogs", { filter: { fromMs: nowMs - 401 * day, toMs: nowMs } }],
    /400 days/,
  ],
  [
    "T-05 from after to",
    ["LogService/FindLogs", { filter: { fromMs: nowMs, toMs: nowMs - day } }],
    /before|from|after/i,
  ],
  ["T-05 a service that is SQL", ["LogService/FindLogs", { filter: { ...range, service: "' OR ''='" } }], "nothing"],
  ["T-05 a host that is SQL", ["LogService/FindLogs", { filter: { ...range, host: "x' OR 1=1 --" } }], "nothing"],
  ["T-05 a request id that is SQL", ["TelemetryService/GetFlow", { requestId: "1 OR 1=1" }], /id/i],
  [
    "T-05 a page key that is SQL",
    ["LogService/FindLogs", { filter: range, before: "1) OR (1=1" }],
    /is no id of a line/,
  ],
  ["T-05 a curve that is SQL", curve(["usr.x' OR 1=1 --"]), "nothing"],
  ["T-05 a step of 7 s", curve(["usr.good"], { stepS: 7 }), /step/i],
  ["T-05 a thousand curves", curve(Array.from({ length: 1_000 }, (_, n) => `usr.n${n}`)), /60/],
  ["T-05 names by a bad expression", attributes("^("), /regular expression|RE2|missing/i],
  ["T-05 names by SQL", attributes("^x') UNION SELECT 1 --"), /cannot be read: unexpected/],
  ["T-05 a field of the log that is SQL", ["LogService/AddLogField", { name: "x; DROP TABLE y", type: 1 }], /letter/i],
  ["T-05 a search that is SQL", ["RequestService/SearchRequests", { ...range, method: "%' OR 1=1 --" }], "nothing"],
  [
    "T-05 a search with a bad expression",
    ["RequestService/SearchRequests", { ...range, where: "'; DROP" }],
    /cannot be read at character/,
  ],
  ["T-06 an expression that is SQL in a rule", rule({ logWhere: "'; DROP TABLE x" }), /cannot be read at character/],
  ["T-06 a name of 10,000", rule({ name: "x".repeat(10_000) }), /100/],
  ["T-06 a note of 100,000", rule({ note: "x".repeat(100_000) }), /2,?000/],
  ["T-06 a threshold that is none", rule({ threshold: "NaN" }), /threshold|number|finite/i],
  ["T-06 60,000 minutes", rule({ forMinutes: 60_000, ofMinutes: 60_000 }), /60/],
  ["T-06 a webhook that is a file", channel("file:///etc/passwd"), /http/i],
];

describe("hostile questions", () => {
  let system: TestSystem;
  const ask = async (method: string, question: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${system.console}/api/msec.console.v1.${method}`, {
      method: "POST",
      headers: { authorization: `Bearer ${system.operatorKey}`, "content-type": "application/json", ...headers },
      body: JSON.stringify(question),
    });
    return { status: answer.status, text: await answer.text() };
  };
  before(async () => {
    system = await startSystem();
    const report = { service: "Shop.web", text: "the canary sings", counters: { good: 1 } };
    const answer = await fetch(`http://127.0.0.1:${system.ports.http}/v1/report`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(report),
    });
    assert.equal(answer.status, 200);
    await waitUntil("the canary is in the store", async () => {
      const { text } = await ask(...log(`"the canary sings"`));
      return text.includes("the canary sings") || undefined;
    });
  });
  after(() => system[Symbol.asyncDispose]());

  for (const [what, [method, question], expected] of rows) {
    test(what, async () => {
      const { status, text } = await ask(method, question);
      const said = `${status} ${text.slice(0, 400)}`;
      if (expected === "nothing") {
        assert.equal(status, 200, said);
        assert.doesNotMatch(text, /canary|usr\.good|"text"|requestId/, said);
      } else {
        // The caller's fault, in words for people: nothing of the engine's own language, no place in our code.
        assert.equal(status, 400, said);
        assert.match(text, expected, said);
        assert.doesNotMatch(text, /DB::Exception|FORMAT |\.ts:|node:internal/, said);
      }
    });
  }

  test("T-06 webhooks to this machine, to the cloud's own address and to other spellings of them are not posted to", async () => {
    for (const url of ["http://127.0.0.1:1/x", "http://169.254.169.254/latest", "http://0x7f.1/", "http://[::1]:1/"]) {
      const saved = await ask(...channel(url));
      // An address that is refused at once is as good.
      if (saved.status === 400) continue;
      const { id } = (JSON.parse(saved.text) as { channel: { id: string } }).channel;
      const tested = await ask("AlarmService/TestAlarmChannel", { id });
      assert.match(tested.text, /private|local|notify_allow/, `${url}: ${tested.text}`);
      assert.equal((await ask("AlarmService/DeleteAlarmChannel", { id })).status, 200);
    }
  });

  test("T-01, T-02 through the agent's local API: forged lines are one line each, what is no report is refused", async () => {
    const socketPath = join(system.state, "run/local.sock");
    const post = async (path: string, body: string | Buffer) => {
      const outgoing = request({ socketPath, path, method: "POST", headers: { "content-type": "application/json" } });
      outgoing.end(body);
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      answer.resume();
      await once(answer, "end");
      return answer.statusCode;
    };
    const line = (text: string) => JSON.stringify({ service: "Shop.web", lines: [{ level: "error", text }] });
    const forged = `hostile line\n2026-01-01 FATAL forged \u001b[31m red \u0000 nul \u202e rtl`;
    const sample = (name: string, value: string) =>
      `{"service":"Shop.web","samples":[{"name":${JSON.stringify(name)},"kind":"counter","value":${value}}]}`;
    const reports: readonly (readonly [status: number, path: string, body: string | Buffer])[] = [
      [200, "/v1/log", line(forged)],
      [400, "/v1/log", line("x".repeat(100_000))],
      [400, "/v1/log", Buffer.from(line("bad ~")).map((byte) => (byte === 0x7e ? 0xff : byte)) as Buffer],
      [400, "/v1/log", '{"service":"../../etc","lines":[{"level":"error","text":"x"}]}'],
      [400, "/v1/report", sample("x".repeat(10_000), "1")],
      [400, "/v1/report", sample("good", "1e999")],
      [400, "/v1/report", sample("good", "NaN")],
      [200, "/v1/report", sample("good", "1")],
    ];
    for (const [status, path, body] of reports) {
      assert.equal(await post(path, body), status, `${path} ${body.toString().slice(0, 100)}`);
    }
    const found = await waitUntil("the forged line", async () => {
      const { text } = await ask(...log(`"hostile line"`));
      return text.includes("forged") ? (JSON.parse(text) as { lines: { level: string; text: string }[] }) : undefined;
    });
    assert.equal(found.lines.length, 1);
    assert.equal(found.lines[0]?.level, "error");
    assert.match(found.lines[0]?.text ?? "", /hostile line\s.*FATAL forged/s);
  });

  test("T-08 the store killed while it is asked: a question is told so in words, and what is reported meanwhile is there afterwards", async () => {
    const record = join(system.state, "run/telemetry-store.json");
    process.kill((JSON.parse(readFileSync(record, "utf8")) as { pid: number }).pid, "SIGKILL");
    const report = await fetch(`http://127.0.0.1:${system.ports.http}/v1/report`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ service: "Shop.web", text: "said while the store was dead" }),
    });
    assert.equal(report.status, 200, "the agent takes it");
    const refusals = new Set<string>();
    await waitUntil("the line", async () => {
      const { status, text } = await ask(...log(`"while the store was dead"`));
      if (status !== 200) refusals.add(`${status} ${text}`);
      return (status === 200 && text.includes("was dead")) || undefined;
    });
    for (const refusal of refusals) assert.match(refusal, /^503 .*telemetry store does not answer/);
  });

  test("nobody asks or changes anything without a key, and a page of another site not with one", async () => {
    const methods = new Set(rows.map(([, [method]]) => method));
    for (const method of methods) {
      assert.equal((await ask(method, {}, { authorization: "" })).status, 401, method);
      assert.equal((await ask(method, {}, { origin: "http://evil.example" })).status, 403, method);
    }
  });

  test("after all of it the canary sings, and nothing was made", async () => {
    assert.match((await ask(...log(`"the canary sings"`))).text, /the canary sings/);
    assert.doesNotMatch((await ask("AlarmService/ListAlarmRules", {})).text, /hostile/);
    assert.doesNotMatch((await ask("AlarmService/ListAlarmChannels", {})).text, /hostile/);
  });
});
