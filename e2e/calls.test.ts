import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "@msec/process/testing";
import {
  callArguments,
  type FlightResponse,
  flightMethod,
  goodRequest,
  type ProcessRow,
  type ServicesJson,
} from "./flight.ts";
import { callRaw } from "./raw-srpc.ts";
import { startSystem, type TestSystem } from "./system.ts";

let system: TestSystem;
before(async () => {
  system = await startSystem({ trafficPerSecond: 5 });
});
after(async () => {
  await system?.[Symbol.asyncDispose]();
});

// Three seconds, which a call gets by itself, are not many for a machine that does ten other things.
const patience = ["--timeout", "30000"];

/** Call by the command line. @returns the response and the request id */
async function callByCommand(request: object): Promise<{ response: FlightResponse; requestId: string }> {
  const { status, stdout, stderr } = await system.msec(...callArguments(request), ...patience);
  assert.equal(status, 0, stderr);
  const requestId = /\b[0-9a-f]{32}\b/.exec(stderr)?.[0];
  assert.ok(requestId, stderr);
  return { response: JSON.parse(stdout) as FlightResponse, requestId };
}

test("msec call prints the response as JSON on stdout and the request id on stderr", async () => {
  const { response } = await callByCommand(goodRequest);
  assert.equal(response.errcode, 0);
  assert.equal(response.errmsg, "success");
  assert.match(response.flightsInfo, /\{春秋航空;c8835;RMB1230\}/);
});

test("a wrong password is answered with -1, invalid user and no flights", async () => {
  const { response } = await callByCommand({ ...goodRequest, password: "wrong" });
  assert.deepEqual(response, { errcode: -1, errmsg: "invalid user", flightsInfo: "" });
});

test("a journey that nobody flies is answered with success and no flights", async () => {
  const { response } = await callByCommand({ ...goodRequest, destinationCity: "moon" });
  assert.deepEqual(response, { errcode: 0, errmsg: "success", flightsInfo: "" });
});

test("a failed call exits 1 with the code and the message on stderr, and nothing on stdout", async () => {
  const unknownMethod = await system.msec(
    "call",
    "Flight.mod_flight",
    "flight.flight_service.flyToTheMoon",
    "{}",
    ...patience,
  );
  assert.equal(unknownMethod.status, 1);
  assert.equal(unknownMethod.stdout, "");
  assert.match(unknownMethod.stderr, /Unimplemented: .*flyToTheMoon/);
  const unknownService = await system.msec("call", "Flight.mod_moon", flightMethod, "{}", "--timeout", "5000");
  assert.equal(unknownService.status, 1);
  assert.match(unknownService.stderr, /(NotFound|Unavailable): .*Flight\.mod_moon/);
  const badField = await system.msec("call", "Flight.mod_flight", flightMethod, '{"name":{}}', ...patience);
  assert.equal(badField.status, 1);
  assert.match(badField.stderr, /InvalidArgument: .*name/);
});

test("what makes no sense on the command line exits 2 and says what does", async () => {
  const notJson = await system.msec("call", "Flight.mod_flight", flightMethod, "{name:bison}");
  assert.equal(notJson.status, 2);
  assert.match(notJson.stderr, /not JSON/);
  assert.equal((await system.msec("fly")).status, 2);
  assert.equal((await system.msec("flow", "xyz")).status, 2);
  assert.equal((await system.msec("routing", "sideways", "127.0.0.1:1")).status, 2);
});

test("a client that shares no code with us calls by raw SRPC bytes over TCP", async () => {
  const fields = { 1: "bison", 2: "123456", 3: "sz", 4: "xz" };
  const [answer] = await callRaw(system.ports.flight[0], [{ sequence: 7, method: flightMethod, fields }]);
  assert.ok(answer);
  assert.equal(answer.head.get(10), 7n);
  assert.ok((answer.head.get(40) ?? 0n) === 0n, "no framework error");
  assert.equal(answer.body.get(1), 0n);
  assert.equal(String(answer.body.get(2)), "success");
  assert.match(String(answer.body.get(3)), /\{春秋航空;c8835;RMB1230\}/);
});

test("raw SRPC: many calls in one write are answered each by its sequence, an unknown method with error -6", async () => {
  const fields = { 1: "bison", 2: "123456", 3: "sz", 4: "xz" };
  const answers = await callRaw(system.ports.flight[1], [
    { sequence: 11, method: flightMethod, fields },
    { sequence: 12, method: "flight.flight_service.unknown", fields },
    { sequence: 13, method: flightMethod, fields: { ...fields, 2: "wrong" } },
  ]);
  const bySequence = new Map(answers.map((answer) => [answer.head.get(10), answer]));
  assert.equal(bySequence.get(11n)?.body.get(1), 0n);
  assert.equal(BigInt.asIntN(64, bySequence.get(12n)?.head.get(40) as bigint), -6n);
  assert.equal(BigInt.asIntN(64, bySequence.get(13n)?.body.get(1) as bigint), -1n);
});

test("HTTP with JSON on the same port answers in the original's shape", async () => {
  const url = `http://127.0.0.1:${system.ports.flight[0]}/?methodName=${flightMethod}`;
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(goodRequest) });
  assert.equal(answer.status, 200);
  const { ret, errmsg, resultObj } = (await answer.json()) as {
    ret: number;
    errmsg: string;
    resultObj: FlightResponse;
  };
  assert.deepEqual([ret, errmsg, resultObj.errcode, resultObj.errmsg], [0, "", 0, "success"]);
  assert.match(resultObj.flightsInfo, /春秋航空/);
});

// By which routes the caller went, and to what release.
const way = "  routes \\d+  release files-[0-9a-f]{8}";

test("msec flow prints the path of a request as a tree with service, instance, method, duration and result", async () => {
  const { requestId } = await callByCommand(goodRequest);
  // Log lines are stored after the spans of their batch; the command waits a second for them, a busy machine takes longer.
  const { status, stdout, stderr } = await waitUntil(
    "the flow with its log line",
    async () => {
      const answer = await system.msec("flow", requestId, "--logs");
      // What is still on its way is said there, too.
      return answer.stdout.includes("query from=") && answer.stderr === "" ? answer : undefined;
    },
    60_000,
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "", "it is complete");
  const lines = stdout.trimEnd().split("\n");
  assert.match(lines[0] ?? "", new RegExp(`^request ${requestId}, `));
  assert.equal(lines[1], "msec.cli");
  const port = `(${system.ports.flight.join("|")})`;
  assert.match(
    lines[2] ?? "",
    new RegExp(`^└─ Flight\\.mod_flight 127\\.0\\.0\\.1:${port}  flight\\S+queryFlight +[\\d.]+ (µs|m?s)  ok${way}$`),
  );
  assert.match(stdout, /^ {3}├─ \+.* info {2}query from="sz" to="xz"$/m);
  assert.match(
    lines.at(-1) ?? "",
    new RegExp(
      `^ {3}└─ Login\\.mod_user 127\\.0\\.0\\.1:${system.ports.user}  login\\.UserService\\.checkPassword +[\\d.]+ (µs|m?s)  ok${way}$`,
    ),
  );
});

test("msec call --dye records one request in full in every service that it passes", async () => {
  const asked = JSON.stringify({ ...goodRequest, departureCity: "dyed-once" });
  const { status, stderr } = await system.msec("call", "Flight.mod_flight", flightMethod, asked, "--dye", ...patience);
  assert.equal(status, 0, stderr);
  const requestId = /\b[0-9a-f]{32}\b/.exec(stderr)?.[0] ?? "";
  const lines = await waitUntil(
    "both services' lines of the dyed request",
    async () => {
      const found = await dyedLines({ requestId });
      return found.filter(({ text }) => text.startsWith("answer:")).length === 2 ? found : undefined;
    },
    60_000,
  );
  const said = lines.map(({ service, level, text }) => `${service} ${level} ${text.split(":")[0]}`);
  for (const service of ["Flight.mod_flight", "Login.mod_user"]) {
    for (const line of ["request", "answer"]) assert.ok(said.includes(`${service} debug ${line}`), said.join("\n"));
  }
  const undyed = await callByCommand(goodRequest);
  await system.msec("flow", undyed.requestId, "--logs");
  assert.deepEqual(await dyedLines({ requestId: undyed.requestId }), []);
});

test("a dye rule reaches every process within two seconds: it is pushed, not asked for", async (t) => {
  // Best of three: what one of them takes longer is this machine's, and a machine that is given to others may take as many seconds more. A rule that
  // waited for agent's and process's turns to ask, which come every 25 s, would be later each time.
  const tookMs: number[] = [];
  for (let round = 1; round <= 3 && !tookMs.some((ms) => ms <= 2_000); round++) {
    tookMs.push(await dyeEverywhere(`probe-${round}`, (text) => t.diagnostic(text)));
  }
  assert.ok(Math.min(...tookMs) <= 8_000, `${tookMs.map(Math.round)} ms until the last process had the rule`);
});

/** Makes a rule and calls every process until each has dyed a request by it. @returns milliseconds until the last of them did */
async function dyeEverywhere(name: string, say: (text: string) => void): Promise<number> {
  const { ports } = system;
  const flight = { method: flightMethod, request: { ...goodRequest, name } };
  const probes = [
    { port: ports.flight[0], ...flight },
    { port: ports.flight[1], ...flight },
    { port: ports.user, method: "login.UserService.checkPassword", request: { name, password: "x" } },
  ];
  const { DyeingService } = await import("@msec/api/console/v1/dyeing_pb.js");
  const { operatorClient } = await import("./operator-api.ts");
  const rules = operatorClient(system, DyeingService);
  // The connection stands and the way is known: what is measured is the push.
  await rules.listDyeRules({});
  const made = rules.createDyeRule({ field: "name", value: name, durationS: 120, note: "e2e" });
  const madeMs = Date.now();
  await made;
  // All at once and again and again, without a look at what was stored: that would keep the next call waiting.
  let first = new Map<string, number>();
  for (const endMs = Date.now() + 2_500, lastMs = endMs + 6_000; Date.now() < lastMs; await delay(25)) {
    if (Date.now() >= endMs) first = await dyedFirst(name);
    if (first.size === probes.length) break;
    await Promise.all(
      probes.map(async ({ port, method, request }) => {
        const url = `http://127.0.0.1:${port}/?methodName=${method}`;
        await (await fetch(url, { method: "POST", body: JSON.stringify(request) })).text();
      }),
    );
  }
  const expected = probes.map(({ port }) => `127.0.0.1:${port}`).sort();
  for (const endMs = Date.now() + 30_000; first.size < probes.length && Date.now() < endMs; await delay(200)) {
    first = await dyedFirst(name);
  }
  if (first.size === 0) return Number.POSITIVE_INFINITY;
  for (const [instance, timeMs] of first) say(`${instance}: ${Math.round(timeMs - madeMs)} ms after it was asked for`);
  return expected.every((instance) => first.has(instance))
    ? Math.max(...first.values()) - madeMs
    : Number.POSITIVE_INFINITY;
}

/** When each instance first wrote a line of a request that the rule for a name dyed by itself, milliseconds since 1970. */
async function dyedFirst(name: string): Promise<Map<string, number>> {
  const first = new Map<string, number>();
  for (const { instance, timeUs } of await dyedLines({ where: `text ~ "${name}" and caller = "http.json"` })) {
    const timeMs = timeUs / 1_000;
    first.set(instance, Math.min(timeMs, first.get(instance) ?? timeMs));
  }
  return first;
}

/** Lines of dyed requests of the last minutes. */
async function dyedLines(filter: { requestId?: string; where?: string }) {
  const { LogService } = await import("@msec/api/console/v1/logs_pb.js");
  const { operatorClient } = await import("./operator-api.ts");
  const range = { fromMs: Date.now() - 600_000, toMs: Date.now() + 60_000 };
  const logs = operatorClient(system, LogService);
  const { lines } = await logs.findLogs({ filter: { ...range, ...filter, dyedOnly: true }, limit: 1_000 });
  return lines;
}

test("msec requests finds requests by what is known of their calls, as a table and as JSON", async () => {
  const { requestId } = await callByCommand({ ...goodRequest, password: "wrong" });
  const find = (...args: string[]) =>
    system.msec("requests", "Login.mod_user", "--caller", "Flight.mod_flight", ...args);
  // What one process recorded may be there before what another did.
  const line = await waitUntil(
    "the request is found, and all that took part in it",
    async () => {
      const { stdout } = await find("--since", "5m", "--min", "0.001", "--code", "ok");
      return stdout.split("\n").find((one) => one.includes(requestId) && one.includes(" Flight.mod_flight › "));
    },
    60_000,
  );
  assert.match(line, /checkPassword +[\d.]+ (µs|m?s) +ok +msec\.cli › Flight\.mod_flight › Login\.mod_user$/);
  const { stdout } = await find("--slowest", "--limit", "3", "--json");
  const found = stdout
    .split("\n")
    .filter(Boolean)
    .map((text) => JSON.parse(text) as { call: { service: string; durationUs: number } });
  assert.equal(found.length, 3);
  assert.ok(found.every(({ call }) => call.service === "Login.mod_user"));
  assert.ok(found.every(({ call }, index) => index === 0 || call.durationUs <= found[index - 1]!.call.durationUs));
  const none = await system.msec("requests", "Flight.mod_flight", "--where", 'text ~ "nobody says this"');
  assert.deepEqual([none.status, none.stdout, none.stderr.trim()], [0, "", "No request has such a call."]);
  const bad = await system.msec("requests", "--where", "uid =");
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--where: /);
});

test("msec map shows who calls whom, as a table and as JSON", async () => {
  const { stdout, stderr } = await waitUntil(
    "calls are counted",
    async () => {
      const answer = await system.msec("map", "--since", "5m");
      const has = (edge: RegExp) => edge.test(answer.stdout);
      return has(/Flight\.mod_flight +Login\.mod_user/) && has(/Flight\.traffic +Flight\.mod_flight/)
        ? answer
        : undefined;
    },
    60_000,
  );
  assert.equal(stderr, "");
  assert.match(
    stdout,
    /^Flight\.traffic +Flight\.mod_flight +[\d.]+ +(0|[\d.]+ %) +[\d.]+ (µs|m?s) +[\d.]+ (µs|m?s)$/m,
  );
  const { edges } = await system.msecJson<{ edges: { caller: string; callee: string; calls: number }[] }>(
    "map",
    "Login",
    "--since",
    "5m",
    "--json",
  );
  assert.deepEqual(
    [...new Set(edges.map(({ caller, callee }) => `${caller} ${callee}`))].includes("Flight.mod_flight Login.mod_user"),
    true,
  );
  assert.ok(edges.every(({ caller, callee }) => caller.startsWith("Login.") || callee.startsWith("Login.")));
});

test("a request of the traffic source goes from Flight.traffic to Flight.mod_flight to Login.mod_user, in the same tree", async () => {
  const { RequestService } = await import("@msec/api/console/v1/requests_pb.js");
  const { operatorClient } = await import("./operator-api.ts");
  const finder = operatorClient(system, RequestService);
  const request = await waitUntil("a request of the traffic source", async () => {
    const range = { fromMs: Date.now() - 3_600_000, toMs: Date.now() };
    const { requests } = await finder.searchRequests({ ...range, service: "Flight.traffic", limit: 20 });
    return requests.find(({ summary }) => summary?.services.length === 3)?.summary;
  });
  const flow = await system.msecJson<{ spans: { service: string; side: string }[] }>(
    "flow",
    request.requestId,
    "--json",
  );
  // By the clocks of three processes, which may be some microseconds apart.
  assert.deepEqual([...new Set(flow.spans.map((span) => span.service))].sort(), [
    "Flight.mod_flight",
    "Flight.traffic",
    "Login.mod_user",
  ]);
  const { stdout } = await system.msec("flow", request.requestId);
  assert.match(stdout, /^Flight\.traffic\n└─ Flight\.mod_flight .*\n {3}└─ Login\.mod_user /m);
});

test("an unknown request id is said to be unknown", async () => {
  const { status, stderr } = await system.msec("flow", "0123456789abcdef0123456789abcdef");
  assert.equal(status, 1);
  assert.match(stderr, /nothing is known of the request 0123456789abcdef0123456789abcdef/);
});

test("msec ps lists every process of the system with state, pid, uptime and memory", async () => {
  const rows = await system.msecJson<ProcessRow[]>("ps", "--json");
  const names = rows.map(({ name }) => name).sort();
  assert.deepEqual(names, [
    "Flight.mod_flight",
    "Flight.mod_flight",
    "Flight.traffic",
    "Login.mod_user",
    "agent",
    "launcher",
    "server",
    "telemetry-store",
  ]);
  for (const row of rows) {
    assert.equal(row.state, "running", row.name);
    assert.match(row.release, row.role === "instance" ? /^files-[0-9a-f]{8}$/ : /^$/, row.name);
    assert.ok(row.pid > 1 && row.uptimeMs > 0 && row.memoryBytes > 1_000_000, row.name);
  }
  const { stdout } = await system.msec("ps");
  const [heading = "", ...lines] = stdout.trimEnd().split("\n");
  assert.match(heading, /^NAME +STATE +PID +UPTIME +MEMORY +RESTARTS +RELEASE +LISTEN$/);
  assert.equal(lines.length, rows.length);
  for (const { pid } of rows) assert.match(stdout, new RegExp(` ${pid} `));
});

test("msec services shows the tree with instances and whether each is in or out of routing", async () => {
  const { services } = await system.msecJson<ServicesJson>("services", "--json");
  const flight = services.find(({ name }) => name === "Flight.mod_flight");
  assert.deepEqual(
    flight?.instances.map(({ port, inRouting }) => [port, inRouting]),
    [...system.ports.flight].sort((a, b) => a - b).map((port) => [port, true]),
  );
  const { stdout } = await system.msec("services");
  assert.match(stdout, /^Flight$/m);
  assert.match(
    stdout,
    new RegExp(`127\\.0\\.0\\.1:${system.ports.flight[0]} .*running +in routing +files-[0-9a-f]{8} +pid`),
  );
  assert.doesNotMatch(stdout, /several releases/);
});

test("hosts, status and token answer in text and JSON, and Chinese where it is asked for", async () => {
  const { stdout: hosts } = await system.msec("hosts");
  assert.match(hosts, /127\.0\.0\.1 +connected/);
  const status = await system.msec("status");
  assert.equal(status.status, 0, status.stdout);
  const findings = await system.msecJson<{ ok: boolean }[]>("status", "--json");
  assert.ok(findings.every(({ ok }) => ok));
  const { stdout: token } = await system.msec("token");
  assert.match(token, new RegExp(`^${system.consoleUrl}/sign-in#[\\w-]{20,}\n$`));
  const { stdout: chinese } = await system.msec("services", "--lang", "zh");
  assert.match(chinese, /在路由中/);
});

test("the host and every process report by themselves, and a routing switch is on the time axis of its service", async () => {
  const { EventKind, MetricService, MetricSplit } = await import("@msec/api/console/v1/metrics_pb.js");
  const { operatorClient } = await import("./operator-api.ts");
  const metrics = operatorClient(system, MetricService);
  const range = () => ({ service: "Flight.mod_flight", fromMs: Date.now() - 600_000, toMs: Date.now() + 60_000 });
  const wanted = ["frm.loop.delay_p99_ms", "frm.process.memory_rss_bytes", "sys.cpu.used_percent", "sys.load.1m"];
  await waitUntil(
    "attributes of hosts and processes arrive",
    async () => {
      const { attributes } = await metrics.listAttributes({ ...range(), names: wanted.join(";") });
      return attributes.map(({ name }) => name).join() === wanted.join();
    },
    120_000,
  );
  const series = await waitUntil(
    "both instances have reported",
    async () => {
      const names = ["frm.process.memory_rss_bytes"];
      const answer = await metrics.queryMetrics({ ...range(), stepS: 60, names, split: MetricSplit.INSTANCE });
      return answer.series.length === 2 ? answer.series : undefined;
    },
    120_000,
  );
  const megabytes = Math.max(...series.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value)))) / 1e6;
  assert.ok(megabytes > 20 && megabytes < 2_000, `${megabytes} MB`);
  const { events } = await metrics.listEvents(range());
  assert.ok(events.some(({ kind, by }) => kind === EventKind.ROUTING_IN && by !== ""));
});

test("msec metrics lists what is reported, and shows curves with their minutes, as tables and as JSON", async () => {
  interface CurvesJson {
    readonly stepS: number;
    readonly curves: readonly {
      name: string;
      kind: string;
      instance: string;
      sum: number;
      values: (number | null)[];
    }[];
  }
  const service = "Flight.mod_flight";
  const name = "usr.flight.query";
  const counted = await waitUntil(
    "queries are counted in a whole step",
    async () => {
      const found = await system.msec("metrics", service, name, "--step", "10s", "--since", "10m", "--json");
      const [curve] = found.status === 0 ? (JSON.parse(found.stdout) as CurvesJson).curves : [];
      return curve !== undefined && curve.sum > 0 ? curve : undefined;
    },
    120_000,
  );
  assert.deepEqual([counted.name, counted.kind], [name, "counter"]);
  assert.equal(
    counted.sum,
    counted.values.reduce((sum: number, value) => sum + (value ?? 0), 0),
  );
  const { stdout: list } = await system.msec("metrics", service);
  assert.match(list, /^usr\.flight\.query +counter/m);
  assert.match(list, /^sys\.cpu\.used_percent +gauge +1 +CPU in use, all cores$/m);
  const { stdout: minutes } = await system.msec("metrics", service, name, "--step", "10s", "--since", "10m");
  assert.match(minutes, /^usr\.flight\.query +[▁▂▃▄▅▆▇█]+ +\d+ /m);
  // A time of yesterday has its date.
  assert.match(minutes, /^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d0 +[1-9]\d*$/m);
  const split = ["metrics", service, "frm.process.handles", "--by", "instance", "--step", "10s", "--json"];
  const { curves } = await system.msecJson<CurvesJson>(...split);
  const instances = system.ports.flight.map((port) => `127.0.0.1:${port}`);
  assert.deepEqual(curves.map(({ instance }) => instance).toSorted(), instances.toSorted());
  // Short steps: a whole minute may not be over since the start.
  const compared = ["metrics", "^sys\\.cpu", "--compare", "yesterday", "--step", "10s", "--lang", "zh"];
  await waitUntil(
    "the host's processor is known of a whole step, and nothing of yesterday",
    async () => (await system.msec(...compared)).stdout.includes("昨天没有这些上报"),
    120_000,
  );
  const wrong: [args: string[], status: number, says: RegExp][] = [
    [[service, "usr.flight.quer"], 1, /usr\.flight\.query/],
    [[service, "^("], 1, /cannot be read/],
    [[service, "^usr", "frm.gc.count"], 2, /stands alone/],
    [[service, "--compare", "0d"], 2, /yesterday/],
    [[service, "--since", "1m", "--until", "2m"], 2, /not before/],
  ];
  for (const [args, status, says] of wrong) {
    const answer = await system.msec("metrics", ...args);
    assert.deepEqual([answer.status, answer.stdout], [status, ""], args.join(" "));
    assert.match(answer.stderr, says);
  }
});
