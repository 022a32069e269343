import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { waitUntil } from "@msec/process/testing";
import { checkout, startMsec } from "./command.ts";
import { flightMethod, goodRequest } from "./flight.ts";
import { findFreePorts } from "./free-ports.ts";
import { startSystem, type TestSystem } from "./system.ts";

const SERVICE = "Flight.mod_flight";
const run = promisify(execFile);

interface Thought {
  readonly port: number;
  readonly state: string;
  readonly share: number;
  readonly reason: string;
}

interface Table {
  readonly instances: readonly { readonly port: number }[];
  readonly callers: readonly {
    readonly service: string;
    readonly pid: number;
    readonly instances: readonly Thought[];
  }[];
  readonly local: readonly Thought[];
}

let system: TestSystem;
before(async () => {
  system = await startSystem({ trafficPerSecond: 20 });
});
after(async () => {
  await system?.[Symbol.asyncDispose]();
});

const tableOf = (service: string) => system.msecJson<Table>("route", service, "--json");

test("msec route shows for each caller of a service what every instance gets, and why", async () => {
  const caller = await waitUntil("the traffic source has called both instances", async () => {
    const found = (await tableOf(SERVICE)).callers.find(({ service }) => service === "Flight.traffic");
    return found?.instances.length === 2 ? found : undefined;
  });
  assert.ok(Math.abs(caller.instances.reduce((sum, { share }) => sum + share, 0) - 1) < 0.01);
  const serving = (port: number) =>
    new RegExp(`^127\\.0\\.0\\.1:${port} +serving +100 +[\\d.]+ % .* successful, \\d+ in flight$`, "m");
  // One may be thought less of for a moment, on a machine that is given to others.
  const { stdout } = await waitUntil("both are served from", async () => {
    const answer = await system.msec("route", SERVICE);
    return answer.status === 0 && system.ports.flight.every((port) => serving(port).test(answer.stdout)) && answer;
  });
  assert.match(stdout, /^Flight\.mod_flight {2}version \d+, adaptive, 2 instances in routing$/m);
  assert.match(stdout, new RegExp(`^called by Flight\\.traffic .*\\(pid ${caller.pid}\\)$`, "m"));
  const chinese = await system.msec("route", SERVICE, "--lang", "zh");
  assert.match(chinese.stdout, /^调用方 Flight\.traffic[\s\S]*实例\/IP .*权重 .*原因\n127\.0\.0\.1:\d+ +正常/m);
  const services = await system.msec("route");
  assert.match(services.stdout, /^Flight\.mod_flight +2 +\d+$/m);
});

test("msec route get names one instance, in turn the other; what there is none of is said", async () => {
  const first = await system.msec("route", "get", SERVICE);
  const second = await system.msecJson<{ port: number; handle: string }>("route", "get", SERVICE, "--json");
  const ports = [Number(first.stdout.trim().split(":")[1]), second.port];
  assert.deepEqual(ports.sort(), [...system.ports.flight].sort());
  const unknown = await system.msec("route", "Flight.mod_fligth");
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /there is no service Flight\.mod_fligth; did you mean Flight\.mod_flight\?/);
  assert.equal((await system.msec("route", "--watch")).status, 2);
});

test("msec route --watch shows an instance go out of routing and come back, until it is stopped", async () => {
  const [port] = system.ports.flight;
  const watching = startMsec(["route", SERVICE, "--watch"], system.directory);
  const heads = () => [...watching.stdout().matchAll(/, (\d) instances? in routing$/gm)].map(([, count]) => count);
  await waitUntil("two are shown", () => heads().length > 0);
  assert.equal((await system.msec("routing", "out", `127.0.0.1:${port}`)).status, 0);
  await waitUntil("one is shown", () => heads().at(-1) === "1");
  assert.equal((await system.msec("routing", "in", `127.0.0.1:${port}`)).status, 0);
  await waitUntil("two are shown again", () => heads().at(-1) === "2");
  watching.child.kill("SIGINT");
  const { status, stderr } = await watching.ended;
  assert.deepEqual([status, stderr], [0, ""]);
});

test("the Python program of docs/guides/any-language.md calls by name, and what it reports is seen", async (context) => {
  try {
    await run("python3", ["--version"]);
  } catch {
    context.skip("there is no python3 on this machine");
    return;
  }
  const guide = await readFile(join(checkout, "docs/guides/any-language.md"), "utf8");
  const program = /^```python\n([\s\S]*?)^```$/m.exec(guide)?.[1] ?? "";
  const file = join(system.directory, "call.py");
  await writeFile(file, program);
  const environment = {
    ...process.env,
    MSEC_LOCAL: join(system.state, "run", "local.sock"),
    PYTHONIOENCODING: "utf-8",
  };
  // Of two instances one has two calls at least: the first call of an instance is not measured.
  for (let turn = 0; turn < 4; turn++) {
    // It waits for three seconds, which are not many for a machine that is given to others: then it says so and is run again.
    const { stdout } = await waitUntil("it is answered", () =>
      run("python3", [file, SERVICE, flightMethod, JSON.stringify(goodRequest)], { env: environment }).catch(
        (error) => {
          if (!/TimeoutError/.test(String(error.stderr))) throw error;
          return undefined;
        },
      ),
    );
    const { ret, resultObj } = JSON.parse(stdout);
    assert.deepEqual([ret, resultObj.errmsg], [0, "success"]);
  }
  await waitUntil("its calls are in the table, told to the host's processes too", async () => {
    const { local, callers } = await tableOf(SERVICE);
    return (
      local.some(({ reason }) => / successful/.test(reason)) && callers.some(({ service }) => service === "msec.agent")
    );
  });
});

test("docs/guides/first-service.md, done word by word, gives a service that is called, seen, restarted and taken away", async () => {
  const ports = await findFreePorts(2);
  const guide = (await readFile(join(checkout, "docs/guides/first-service.md"), "utf8")).replaceAll(
    /\b797([01])\b/g,
    (_, which: string) => String(ports[Number(which)]),
  );
  // A file's name stands in the paragraph before its block.
  for (const [, file = "", text = ""] of guide.matchAll(
    /^[^\n]*?`(greeting\/[\w./]+)`[^\n]*(?:\n[^\n`]+)*:\n\n```\w+\n([\s\S]*?)^```$/gm,
  )) {
    await mkdir(dirname(join(system.directory, file)), { recursive: true });
    await writeFile(join(system.directory, file), text);
  }
  // What `npx` finds in the checkout, found from the directory of this system.
  await symlink(join(checkout, "node_modules"), join(system.directory, "node_modules"));
  const tools = join(system.directory, "tools");
  await mkdir(tools);
  const scripts = {
    npx: `exec env PATH="${checkout}/node_modules/.bin:$PATH" "$@"`,
    msec: `exec node "${checkout}/bin/msec.js" "$@"`,
  };
  for (const [name, command] of Object.entries(scripts)) {
    await writeFile(join(tools, name), `#!/bin/sh\n${command}\n`);
    await chmod(join(tools, name), 0o755);
  }
  const path = `${tools}${delimiter}${process.env.PATH ?? ""}`;
  const env = { ...process.env, PATH: path, NO_COLOR: "1", LANG: "C", LC_ALL: "C", NODE_TEST_CONTEXT: undefined };
  const shell = (commands: string) => run("bash", ["-e", "-c", commands], { cwd: system.directory, env });

  const blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text.trim().split("\n"));
  const answers: readonly [command: RegExp, answer: RegExp][] = [
    [/ call /, /"Hello, Ann"/],
    [/ask\.ts/, /Hello, Bob/],
    [/^curl/, /"Hello, Cid"/],
    [/ (logs|requests|metrics|route) /, /greet/i],
  ];
  const seen: string[] = [];
  let looks: Promise<unknown>[] = [];
  for (const line of blocks.flat()) {
    const [, answer] = answers.find(([command]) => command.test(line)) ?? [];
    if (answer === undefined) {
      await Promise.all(looks);
      looks = [];
      // A step of an operation gets a minute, which a machine that does ten other things may not have.
      await shell(line.replace("--wait", "--wait --timeout 600"));
      continue;
    }
    // A call gets three seconds, and what is recorded is there a second later. What only looks need not wait for its turn.
    const isAnswered = async () => answer.test((await shell(line).catch(() => ({ stdout: "" }))).stdout);
    looks.push(waitUntil(line, isAnswered, 240_000));
    seen.push(line);
  }
  assert.equal(seen.length, 7);
  assert.doesNotMatch((await system.msec("services")).stdout, /Demo/);
});

test("without its agent msec route says so", async () => {
  assert.equal((await system.msec("stop", "agent")).status, 0);
  const { status, stderr } = await system.msec("route", SERVICE);
  assert.equal(status, 1);
  assert.match(stderr, /the agent is not running/);
});
