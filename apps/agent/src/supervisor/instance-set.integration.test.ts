import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AssignmentSchema } from "@msec/api/agent/v1/control_pb.js";
import { isAlive, readRunRecords } from "@msec/process";
import { freePort, waitUntil } from "@msec/process/testing";
import { quietLog } from "../testing/quiet-log.ts";
import { installService, PLAIN_SERVICE } from "../testing/service-tree.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { InstanceSet } from "./instance-set.ts";
import { groupListensOn } from "./listening-port.ts";

const assignment = (port: number, fields: MessageInitShape<typeof AssignmentSchema> = {}) =>
  create(AssignmentSchema, {
    instanceId: `i${port}`,
    service: "Flight.mod_flight",
    address: "127.0.0.1",
    port,
    run: true,
    ...fields,
  });

/** A host with one service installed; whatever it started has ended when the test has. */
function testHost(module = "service.mjs", text = PLAIN_SERVICE, mode = 0o644) {
  const directory = temporaryDirectory();
  const root = join(directory.path, "root");
  const service = installService(root, "Flight.mod_flight", module, text, mode);
  const sets: InstanceSet[] = [];
  return {
    state: directory.path,
    service,
    newSet(options: { readyTimeoutMs?: number } = {}) {
      const socket = "/nowhere.sock";
      const set = new InstanceSet({
        state: directory.path,
        root,
        socket,
        log: quietLog().log,
        onChange() {},
        ...options,
      });
      sets.push(set);
      return set;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sets.map((set) => set.stopAll()));
      directory[Symbol.dispose]();
    },
  };
}

const stateOf = (set: InstanceSet, id: string) => set.find(id)?.supervised.state;

test("an assigned instance runs from its bin with a closed environment and writes to its log; without assignment it ends", async () => {
  await using host = testHost();
  const set = host.newSet();
  const port = await freePort();
  set.reconcile([assignment(port)]);
  await waitUntil("it runs", () => stateOf(set, `i${port}`) === "running");

  // It listens a moment before it says so; what it answers comes after that.
  assert.equal(await readAll(port), join(host.service, "bin"));
  const log = join(host.service, "log", `127.0.0.1_${port}.log`);
  const names =
    "HOME,LANG,MALLOC_ARENA_MAX,MSEC_ADDRESS,MSEC_AGENT,MSEC_CONFIG,MSEC_GENERATION,MSEC_INSTANCE_ID,MSEC_LOCAL,MSEC_PORT,MSEC_RELEASE,MSEC_SERVICE,NODE_COMPILE_CACHE,PATH";
  assert.equal(readFileSync(log, "utf8"), `serving ${names}\n`);
  const [record] = readRunRecords(host.state);
  assert.equal(record?.name, `Flight.mod_flight-127.0.0.1_${port}`);
  assert.equal(record?.instanceId, `i${port}`);

  set.reconcile([]);
  await waitUntil("it is gone", () => set.list().length === 0);
  assert.ok(!isAlive(record!));
  assert.deepEqual(readRunRecords(host.state), []);
});

test("an instance that is killed runs again within a second", async () => {
  await using host = testHost();
  const set = host.newSet();
  const port = await freePort();
  set.reconcile([assignment(port)]);
  await waitUntil("it runs", () => stateOf(set, `i${port}`) === "running");
  const before = set.find(`i${port}`)!.supervised.run!;
  // It listens a moment before it says so; what it answers comes after that.
  await readAll(port);
  process.kill(before.pid, "SIGKILL");
  const killedMs = Date.now();
  await waitUntil("it serves again", () => {
    const now = set.find(`i${port}`)!.supervised.run;
    return now !== undefined && now.pid !== before.pid && groupListensOn(now.pid, port);
  });
  // To its start, not to its first answer: how long Node takes to load it on a busy machine is not the agent's doing.
  assert.ok(set.find(`i${port}`)!.supervised.run!.startedMs - killedMs < 10_000);
  assert.equal(set.find(`i${port}`)!.supervised.restarts, 1);
  assert.equal(set.find(`i${port}`)!.supervised.reason, `was killed by SIGKILL; its last output: serving ${serving()}`);
});

test("an agent that comes back takes over what runs, and stops what is assigned no longer", async () => {
  await using host = testHost();
  const [kept, dropped] = [await freePort(), await freePort()];
  const first = host.newSet();
  first.reconcile([assignment(kept), assignment(dropped)]);
  await waitUntil("both run", () => [kept, dropped].every((port) => stateOf(first, `i${port}`) === "running"));
  const pids = [kept, dropped].map((port) => first.find(`i${port}`)!.supervised.run!.pid);
  first.releaseAll();

  const second = host.newSet();
  second.reconcile([assignment(kept)]);
  await waitUntil("it is running", () => stateOf(second, `i${kept}`) === "running");
  assert.equal(second.find(`i${kept}`)!.supervised.run!.pid, pids[0]);
  assert.ok(groupListensOn(pids[1]!, dropped));
  await second.stopForgotten();
  assert.ok(!groupListensOn(pids[1]!, dropped));
  assert.deepEqual(
    readRunRecords(host.state).map(({ pid }) => pid),
    [pids[0]],
  );
});

test("an instance is kept stopped, also when it ran before, and starts when it may", async () => {
  await using host = testHost();
  const port = await freePort();
  const first = host.newSet();
  first.reconcile([assignment(port)]);
  await waitUntil("it runs", () => stateOf(first, `i${port}`) === "running");
  const { pid } = first.find(`i${port}`)!.supervised.run!;
  first.releaseAll();
  const second = host.newSet();
  second.reconcile([assignment(port, { run: false })]);
  await waitUntil("it is stopped", () => !groupListensOn(pid, port) && stateOf(second, `i${port}`) === "stopped");
  second.reconcile([assignment(port, { run: true })]);
  await waitUntil("it runs again", () => stateOf(second, `i${port}`) === "running");
});

test("an instance that takes over another's port starts after that one has ended", async () => {
  await using host = testHost();
  const set = host.newSet();
  const port = await freePort();
  set.reconcile([assignment(port)]);
  await waitUntil("it runs", () => stateOf(set, `i${port}`) === "running");
  set.reconcile([assignment(port, { instanceId: "successor" })]);
  await waitUntil("its successor runs", () => stateOf(set, "successor") === "running");
  assert.equal(set.find("successor")!.supervised.restarts, 0);
});

test("an instance that cannot start says why: no module, a taken port, a hang", async () => {
  await using host = testHost();
  const { createServer } = await import("node:net");
  const stranger = createServer();
  const taken = await new Promise<number>((resolve) =>
    stranger.listen(0, "127.0.0.1", () => resolve((stranger.address() as { port: number }).port)),
  );
  try {
    // Long enough for it to say why on a machine that is busy.
    const set = host.newSet({ readyTimeoutMs: 20_000 });
    set.reconcile([assignment(1, { service: "Login.mod_user" }), assignment(taken)]);
    const reasonOf = (id: string) => set.find(id)?.supervised.reason || undefined;
    assert.match(
      await waitUntil("the missing one is given up", () => reasonOf("i1")),
      /^could not be started: cannot read .*Login\/mod_user\/etc\/config\.ini: it does not exist; check its path/,
    );
    assert.match(await waitUntil("the port's one is given up", () => reasonOf(`i${taken}`)), /EADDRINUSE/);
  } finally {
    stranger.close();
  }
  await using hanging = testHost("hang.sh", "#!/bin/sh\necho thinking\nsleep 60\n", 0o755);
  const set = hanging.newSet({ readyTimeoutMs: 400 });
  set.reconcile([assignment(2)]);
  // A busy machine may take more than that to start a shell; it is started again.
  assert.equal(
    await waitUntil("it is given up", () => {
      const reason = set.find("i2")?.supervised.reason;
      return reason?.includes("output") && reason;
    }),
    "was not ready 0.4 s after its start and was killed; its last output: thinking",
  );
  assert.ok(existsSync(join(hanging.service, "log", "127.0.0.1_2.log")));
});

test("a script whose child opens the port counts as running, and its child ends with it", async () => {
  const script = `#!/bin/sh\n${process.execPath} --input-type=module -e '${PLAIN_SERVICE}' &\nwait\n`;
  await using host = testHost("start.sh", script, 0o755);
  const set = host.newSet();
  const port = await freePort();
  set.reconcile([assignment(port)]);
  await waitUntil("it runs", () => stateOf(set, `i${port}`) === "running");
  const leader = set.find(`i${port}`)!.supervised.run!.pid;
  assert.ok(groupListensOn(leader, port));
  set.reconcile([]);
  await waitUntil("it is gone", () => set.list().length === 0);
  // The group gets its signal at once, but the child may be the last to die.
  await waitUntil("nobody listens", async () =>
    readAll(port).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED",
    ),
  );
});

test("only the process that was started may say that it is the instance", async () => {
  await using host = testHost("sleep.sh", "#!/bin/sh\nexec sleep 60\n", 0o755);
  const set = host.newSet();
  set.reconcile([assignment(0, { instanceId: "i0" })]);
  const instance = set.find("i0")!;
  const { pid } = instance.supervised.run!;
  assert.equal(instance.register(process.pid), false);
  assert.equal(instance.supervised.state, "starting");
  assert.equal(instance.register(pid), true);
  await waitUntil("it is running", () => instance.supervised.state === "running");
  assert.deepEqual(readdirSync(join(host.service, "log")), ["i0.log"]);
});

test("each generation is one new process, also where the order came while its agent was away; settings alone restart nothing", async () => {
  await using host = testHost();
  const port = await freePort();
  const id = `i${port}`;
  const first = host.newSet();
  const order = (set: InstanceSet, generation: bigint, fields: MessageInitShape<typeof AssignmentSchema> = {}) =>
    set.reconcile([assignment(port, { generation, ...fields })]);
  const runOf = async (set: InstanceSet, generation: bigint) =>
    await waitUntil(`generation ${generation} runs`, () => {
      const instance = set.find(id);
      return instance?.supervised.state === "running" && instance.facts().generation === generation
        ? instance.supervised.run
        : undefined;
    });
  order(first, 1n);
  const one = await runOf(first, 1n);
  order(first, 1n, { settings: { openFiles: 512 } });
  assert.equal((await runOf(first, 1n)).pid, one.pid);
  order(first, 2n, { settings: { openFiles: 512 } });
  const before = first.find(id)?.release;
  assert.match(before ?? "", /^files-[0-9a-f]{8}$/);
  const two = await runOf(first, 2n);
  assert.notEqual(two.pid, one.pid);
  assert.match(readFileSync(`/proc/${two.pid}/limits`, "utf8"), /Max open files +512 +512/);
  first.releaseAll();

  const second = host.newSet();
  order(second, 2n);
  assert.equal((await runOf(second, 2n)).pid, two.pid, "adopted: it is of this generation");
  writeFileSync(join(host.service, "release"), "2026.11.22\n");
  assert.equal(second.find(id)?.facts().release, before, "what runs is what was there when it started");
  second.releaseAll();
  const third = host.newSet();
  order(third, 3n);
  const three = await runOf(third, 3n);
  assert.notEqual(three.pid, two.pid);
  assert.equal(third.find(id)?.facts().release, "2026.11.22");
  // After a restore orders are counted from an earlier number on: that is no order.
  order(third, 1n);
  assert.equal((await runOf(third, 1n)).pid, three.pid);
  order(third, 2n, { run: false });
  await waitUntil("it is stopped", () => third.find(id)?.supervised.state === "stopped");
  assert.equal(third.find(id)?.facts().generation, 2n);
  order(third, 3n);
  await runOf(third, 3n);
});

test("an instance has the cores that it may use, and ends with the reason when it takes more memory than it may", async () => {
  const hungry = `${PLAIN_SERVICE}\nconst kept = []; setTimeout(() => { for (let n = 0; n < 12; n++) kept.push(Buffer.alloc(16 * 1024 ** 2, 1)); }, 300);`;
  await using host = testHost("service.mjs", hungry);
  const set = host.newSet();
  const port = await freePort();
  set.reconcile([assignment(port, { settings: { cpus: 1, memoryBytes: 128 * 1024 ** 2 } })]);
  const run = await waitUntil("it runs", () => set.find(`i${port}`)!.supervised.run);
  await waitUntil("its core is chosen", () => {
    // The next one, where the first was ended before anybody looked.
    const { pid } = set.find(`i${port}`)!.supervised.run ?? run;
    try {
      return /^Cpus_allowed_list:\s*\d+$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  });
  const reason = await waitUntil("it is ended", () => set.find(`i${port}`)?.supervised.reason || undefined);
  assert.match(reason, /^used \d{3} MiB of memory, more than its limit of 128 MiB, and was ended; its last output/);
  await waitUntil("it starts again", () => (set.find(`i${port}`)?.supervised.restarts ?? 0) > 0);
});

function serving(): string {
  return "HOME,LANG,MALLOC_ARENA_MAX,MSEC_ADDRESS,MSEC_AGENT,MSEC_CONFIG,MSEC_GENERATION,MSEC_INSTANCE_ID,MSEC_LOCAL,MSEC_PORT,MSEC_RELEASE,MSEC_SERVICE,NODE_COMPILE_CACHE,PATH";
}

async function readAll(port: number): Promise<string> {
  let text = "";
  for await (const chunk of connect(port, "127.0.0.1")) text += chunk;
  return text;
}
