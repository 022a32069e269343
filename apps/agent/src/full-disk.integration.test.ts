import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { readRunRecord } from "@msec/process";
import { freePort, smallDisk, waitUntil, whyNoSmallDisk } from "@msec/process/testing";
import { compileCodec } from "@msec/wire";
import { AgentProcess, endEverything, rootOf } from "./testing/agent-process.ts";
import { ControlServer } from "./testing/control-server.ts";
import { installService } from "./testing/service-tree.ts";

const SERVICE = "Flight.mod_flight";

/** A program on the SDK that logs and counts forty times a second, and writes to both of its streams past its log. */
const CHATTY_SERVICE = `
import { createServer } from "node:net";
import { connect } from ${JSON.stringify(import.meta.resolve("@msec/service"))};
const { MSEC_PORT, MSEC_ADDRESS } = process.env;
delete process.env.MSEC_INSTANCE_ID; // It only calls: the instance is the port below.
const program = connect({ name: "${SERVICE}" });
let turn = 0;
setInterval(() => {
  program.log.info("turn", { turn: ++turn, text: "x".repeat(500) });
  program.count("turns");
  console.log("said");
  process.stdout.write("said to stdout\\n");
  process.stderr.write("said to stderr\\n");
}, 25);
createServer((socket) => socket.end(process.pid + " " + turn)).listen(Number(MSEC_PORT), MSEC_ADDRESS);
`;

/** Its process and how many turns it had. */
async function askService(port: number): Promise<{ pid: number; turn: number } | undefined> {
  try {
    let text = "";
    for await (const chunk of connect(port, "127.0.0.1")) text += chunk;
    const [pid, turn] = text.split(" ").map(Number);
    return pid! > 0 ? { pid: pid!, turn: turn! } : undefined;
  } catch {
    return undefined;
  }
}

// Programs start and turn as slowly as a busy machine makes them.
const until: typeof waitUntil = (what, find) => waitUntil(what, find, 90_000);

test("agent and service go on with a full disk, what they report arrives, and logs go on when there is room", {
  skip: whyNoSmallDisk() ?? false,
}, async () => {
  await using disk = await smallDisk(4 * 1024 * 1024);
  const state = disk.path;
  await using server = await ControlServer.start();
  mkdirSync(join(state, "agent"), { recursive: true });
  writeFileSync(join(state, "agent", "enroll.json"), server.enrolment("first"));
  const directory = installService(rootOf(state), SERVICE, "service.mjs", CHATTY_SERVICE);
  writeFileSync(join(directory, "etc", "config.ini"), "[SRPC]\nmodule=./service.mjs\n[LOG]\nLevel=INFO\n");
  const port = await freePort();
  server.assign(1n, [{ instanceId: "i1", service: SERVICE, address: "127.0.0.1", port, run: true }]);
  const agent = await AgentProcess.startBehind(disk.enter, disk.inside);
  let said = "";
  agent.child.stderr!.on("data", (chunk) => {
    said += chunk;
  });
  try {
    const file = join(directory, "log", `127.0.0.1_${port}.log`);
    const { pid } = await until("the service serves", () => askService(port));
    const codec = compileCodec(BatchSchema);
    const batches = () =>
      server.telemetry.flatMap(({ envelopes }) => envelopes.map(({ batch }) => codec.decode(batch, 0, batch.length)));
    await until("telemetry arrives", () => batches().some(({ logs }) => (logs?.timeUs.length ?? 0) > 0));

    disk.fill();
    const full = batches().length;
    await until("the agent says so", () => /the disk of the spool is full.*free space there/.test(said));
    await until("the service says that its file is full", () =>
      batches()
        .slice(full)
        .find(({ logs }) => logs?.text.some((text) => /log file cannot be written/.test(text))),
    );
    const size = statSync(file).size;
    const { turn } = (await askService(port))!;
    await until("it had many more turns", async () => (await askService(port))!.turn > turn + 200);
    assert.equal(statSync(file).size, size);
    const { client, channel } = agent.connect(agent.socket.replace(disk.inside, disk.path));
    const status = await client.getStatus({});
    assert.equal(status.droppedBatches, 0n);

    const routes = [{ instanceId: "i1", address: "127.0.0.1", port, weight: 100, hostId: "host1" }];
    const others = Array.from({ length: 200 }, (_, index) => ({
      service: `Other.service_${index}`,
      version: 2n,
      routes,
    }));
    server.setRoutes(2n, [{ service: SERVICE, version: 2n, routes }, ...others]);
    await until("new routes are used, and the server hears that they are not kept", () =>
      server.routeReports.find(({ appliedVersion, unsavedS }) => appliedVersion === 2n && unsavedS > 0),
    );
    await client.register({ service: "Flight.traffic", pid: process.pid });
    const { tables } = await client.watchRoutes({ appliedVersion: 0n, waitMs: 1000 });
    assert.equal(tables.length, 201);
    // What it says on standard error may come after an answer over a socket.
    await until("the agent says so", () => /the disk of the route tables is full.*free space there/.test(said));
    await channel.close();

    disk.clear();
    await until("they are kept", () => server.routeReports.at(-1)?.unsavedS === 0);
    assert.match(readFileSync(join(state, "agent", "routes.json"), "utf8"), /Other\.service_199/);
    await until("the agent says that there is room", () => /the disk of the spool has room again/.test(said));
    const missing = () => /"lines":(\d+),"msg":"lines are missing here/.exec(readFileSync(file, "utf8"));
    assert.ok(Number((await until("its log goes on and says what is missing", () => missing() ?? false))[1]) > 0);
    assert.equal((await askService(port))!.pid, pid, "the same process all the time");
    assert.equal(agent.child.exitCode, null);
  } finally {
    await agent.end("SIGKILL");
    await endEverything(state);
  }
});

test("an agent that is started while its disk is full serves its host, and commands find it when there is room", {
  skip: whyNoSmallDisk() ?? false,
}, async () => {
  await using disk = await smallDisk(4 * 1024 * 1024);
  await using server = await ControlServer.start();
  mkdirSync(join(disk.path, "agent"), { recursive: true });
  writeFileSync(join(disk.path, "agent", "enroll.json"), server.enrolment("first"));
  const first = await AgentProcess.startBehind(disk.enter, disk.inside);
  await until("it is enrolled", () => existsSync(join(disk.path, "agent/identity.json")));
  await first.end("SIGKILL");
  disk.fill();
  const second = await AgentProcess.startBehind(disk.enter, disk.inside);
  try {
    const recorded = () => readRunRecord(disk.path, "agent")?.pid;
    const before = recorded();
    const { client, channel } = second.connect(second.socket.replace(disk.inside, disk.path));
    await client.getStatus({});
    await channel.close();
    disk.clear();
    await until("it is recorded", () => ![undefined, before].includes(recorded()));
    assert.equal(second.child.exitCode, null);
  } finally {
    await second.end("SIGKILL");
    await endEverything(disk.path);
  }
});
