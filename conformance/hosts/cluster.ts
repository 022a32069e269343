import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { CapacityService, type OperationKind, OperationState } from "@msec/api/console/v1/capacity_pb.js";
import { type Instance, RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { createClient as createRpcClient } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import type { Tenth } from "./caller.ts";
import { createClock, type TestClock } from "./clock.ts";
import { WorkService } from "./gen/work_pb.js";
import { createNetwork, type TestNetwork } from "./network.ts";

/** The service that runs once on each host. */
export const workService = "Test.work";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const port = 7100;

/**
 * A server here, an agent and an instance of `Test.work` on each of so many hosts, and one more host whose program calls them by name so many times a
 * second.
 */
export class TestCluster implements AsyncDisposable {
  readonly network: TestNetwork;
  readonly directory: string;
  readonly count: number;
  /** Of the hosts; `undefined` where they have the machine's own. */
  readonly clock: TestClock | undefined;
  registry!: Client<typeof RegistryService>;
  capacity!: Client<typeof CapacityService>;
  readonly #children = new Map<string, ChildProcess>();
  readonly #tenths: Tenth[] = [];

  private constructor(network: TestNetwork, directory: string, count: number, clock: TestClock | undefined) {
    this.network = network;
    this.directory = directory;
    this.count = count;
    this.clock = clock;
  }

  /**
   * Start everything and wait until the calls go through.
   *
   * @param hasClock  whether the hosts (agents, instances, callers) have a clock of their own, whose pace may change
   * @throws Error with what did not come up
   */
  static async start(count: number, load: CallerLoad, hasClock = false): Promise<TestCluster> {
    const network = createNetwork(count + 1);
    const directory = await mkdtemp(join(tmpdir(), "msec-hosts-"));
    const clock = hasClock ? createClock(directory) : undefined;
    const cluster = new TestCluster(network, directory, count, clock);
    try {
      await cluster.startServer();
      for (let host = 1; host <= count + 1; host++) await cluster.#enrol(host);
      for (let host = 1; host <= count + 1; host++) cluster.startAgent(host);
      await cluster.#register();
      await cluster.startCaller(load);
      return cluster;
    } catch (error) {
      const logs = cluster.logs();
      await cluster[Symbol.asyncDispose]();
      throw new Error(`${error instanceof Error ? error.message : error}\n${logs}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#children.values()].filter(
      (child) => child.exitCode === null && child.signalCode === null,
    );
    this.#children.get("caller")?.stdin?.end();
    for (const child of children) child.kill("SIGTERM");
    await Promise.race([Promise.all(children.map((child) => ended(child))), delay(10_000)]);
    for (const pid of this.#pidsOfDirectory()) kill(pid);
    this.network[Symbol.dispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Start the server, for the first time or again. */
  async startServer(): Promise<void> {
    const { here: address } = this.network;
    // Telemetry goes nowhere: what is shown here must hold without it.
    const args = [
      "--listen",
      `${address}:8080`,
      "--agent-listen",
      `${address}:7960`,
      "--telemetry",
      "http://127.0.0.1:9",
    ];
    const child = this.#spawn(
      "server",
      [],
      [join(root, "apps/server/src/main.ts"), "--state", this.directory, "--ready-json", ...args],
    );
    await firstLine(child, "server");
    const key = readFileSync(join(this.directory, "server/operator.key"), "utf8").trim();
    const transport = createConnectTransport({
      baseUrl: `http://${address}:8080/api`,
      httpVersion: "1.1",
      defaultTimeoutMs: 35_000,
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${key}`);
          return next(request);
        },
      ],
    });
    this.registry = createClient(RegistryService, transport);
    this.capacity = createClient(CapacityService, transport);
  }

  /** End the server as a crash does. */
  async killServer(): Promise<void> {
    const child = this.#children.get("server")!;
    child.kill("SIGKILL");
    await ended(child);
  }

  /** What the server has on disk, its database first of all, is not where it was. */
  loseServerState(): void {
    renameSync(join(this.directory, "server"), join(this.directory, "server.lost"));
  }

  /**
   * Start the agent of a host; its service runs already after an agent's own restart.
   *
   * @param ahead  by how much its clock is ahead of ours, as `faketime` says it: `+1h`
   */
  startAgent(host: number, ahead?: string): void {
    const state = this.#stateOf(host);
    const clock = ahead === undefined ? [] : ["faketime", "-f", ahead];
    const program = [join(root, "apps/agent/src/main.ts"), "--state", state, "--config", join(state, "msec.ini")];
    this.#spawn(`agent-${host}`, [...this.network.enter(host), ...clock], program, this.clock?.environment);
  }

  /** End the agent of a host as a crash does. */
  async killAgent(host: number): Promise<void> {
    const child = this.#children.get(`agent-${host}`)!;
    child.kill("SIGKILL");
    await ended(child);
  }

  /**
   * Start the program that calls, in place of one that was stopped, and wait until calls go through; times are those of its clock.
   *
   * @param timeoutMs  how long each call waits; default two seconds
   * @param binMs      calls are counted by their beginning in so many milliseconds; default a tenth of a second
   */
  async startCaller({ callsPerSecond, timeoutMs = 2_000, binMs = 100 }: CallerLoad): Promise<void> {
    const host = this.count + 1;
    const socket = join(this.#stateOf(host), "run/agent.sock");
    const command = [here("caller.ts"), workService, String(callsPerSecond), String(timeoutMs), String(binMs)];
    const environment = { ...this.clock?.environment, MSEC_AGENT: socket };
    const child = this.#spawn("caller", this.network.enter(host), command, environment);
    const before = this.#tenths.length;
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (line.startsWith("{")) this.#tenths.push(JSON.parse(line) as Tenth);
    });
    await until("calls go through", 180_000, () => this.#tenths.slice(before).some(({ ok }) => ok > 0));
  }

  /** End the program that calls, when its last calls have ended. */
  async stopCaller(): Promise<void> {
    const child = this.#children.get("caller")!;
    child.stdin?.end();
    await ended(child);
  }

  /** When the last calls began of which it is known how all of them ended, by the caller's clock. */
  get seenUntil(): number {
    return this.#tenths.at(-1)?.at ?? 0;
  }

  /** `10.99.1.2:7100`: as calls say who answered. */
  instance(host: number): string {
    return `${this.network.address(host)}:${port}`;
  }

  /** The instances as the registry has them, in order of hosts. */
  async instances(): Promise<Instance[]> {
    const { service } = await this.registry.getService({ name: workService });
    const found = service?.instances ?? [];
    return Array.from({ length: this.count }, (_, index) => {
      const address = this.network.address(index + 1);
      return found.find((instance) => instance.address === address)!;
    });
  }

  /** End the instances of hosts as a crash does; their agents start them again. */
  killInstances(...hosts: number[]): void {
    for (const host of hosts) {
      const environment = `MSEC_ADDRESS=${this.network.address(host)}\0`;
      const pids = this.#pidsOfDirectory().filter((pid) => readProc(pid, "environ").includes(environment));
      for (const pid of pids) kill(pid);
    }
  }

  /**
   * Another program for the instance of a host, which it runs when it is started or reloaded.
   *
   * @param text  of the module; absent: the one that it had at first
   */
  replaceProgram(host: number, text?: string): void {
    const bin = join(this.#stateOf(host), "root/Test/work/bin");
    rmSync(bin, { recursive: true });
    if (text === undefined) {
      symlinkSync(here("service/bin"), bin);
    } else {
      mkdirSync(bin);
      writeFileSync(join(bin, "work.ts"), text);
    }
  }

  /** What calls at the instance of a host meet from now on. */
  async setFault(host: number, fault: { errors?: number; delayMs?: number }): Promise<void> {
    await using channel = createChannel({ address: this.network.address(host), port });
    await createRpcClient(WorkService, channel.call).setFault(fault);
  }

  /**
   * Begin an operation on instances and wait for its end.
   *
   * @throws Error when it ends otherwise than done
   */
  async operate(kind: OperationKind, hosts: readonly number[]): Promise<void> {
    const instances = await this.instances();
    const instanceIds = hosts.map((host) => instances[host - 1]!.id);
    let { operation } = await this.capacity.startOperation({ kind, instanceIds, stepTimeoutMs: 600_000 });
    while (operation?.state === OperationState.RUNNING) {
      const { id, revision } = operation;
      ({ operation } = await this.capacity.watchOperation({ id, revision, waitMs: 20_000 }));
    }
    if (operation?.state !== OperationState.DONE) {
      throw new Error(`${operation?.summary} ${operation?.instances.map(({ reason }) => reason).join("; ")}`);
    }
  }

  /** Wait until the calls that began within `ms` from now have ended. @returns what became of them */
  async observe(ms: number): Promise<CallsSeen> {
    const from = Date.now();
    await delay(ms);
    return await this.seenBetween(from, from + ms);
  }

  /** What became of the calls that began between two moments; waits for those that are under way. */
  async seenBetween(from: number, to: number): Promise<CallsSeen> {
    await until("all calls ended", 120_000, () => this.seenUntil >= to);
    return new CallsSeen(this.#tenths.filter(({ at }) => at >= from && at < to));
  }

  /** The last lines of all logs, for the message of a failure. */
  logs(): string {
    return readdirSync(this.directory)
      .filter((name) => name.endsWith(".log"))
      .map(
        (name) => `--- ${name}\n${readFileSync(join(this.directory, name), "utf8").split("\n").slice(-12).join("\n")}`,
      )
      .join("\n");
  }

  async #enrol(host: number): Promise<void> {
    const state = this.#stateOf(host);
    const service = join(state, "root/Test/work");
    mkdirSync(join(state, "agent"), { recursive: true, mode: 0o700 });
    mkdirSync(join(service, "log"), { recursive: true });
    if (this.clock === undefined) {
      symlinkSync(here("service/bin"), join(service, "bin"));
      symlinkSync(here("service/etc"), join(service, "etc"));
    } else {
      // Nothing of the agent's environment reaches a service: its program itself takes the clock.
      mkdirSync(join(service, "bin"));
      mkdirSync(join(service, "etc"));
      const program = `#!/bin/sh\nexec env ${this.clock.assignments} ${process.execPath} ${here("service/bin/work.ts")}\n`;
      writeFileSync(join(service, "bin/work"), program, { mode: 0o755 });
      writeFileSync(join(service, "etc/config.ini"), "[SRPC]\nmodule = ./work\nmsg_timeout = 0\n");
    }
    const hostName = `host-${host}`;
    writeFileSync(
      join(state, "msec.ini"),
      `[agent]\nhost_name = ${hostName}\naddress = ${this.network.address(host)}\n`,
    );
    const { token, server, serverFingerprint } = await this.registry.createEnrollToken({ hostName });
    const enrolment = JSON.stringify({ server, fingerprint: serverFingerprint, token });
    writeFileSync(join(state, "agent/enroll.json"), enrolment, { mode: 0o600 });
  }

  async #register(): Promise<void> {
    await this.registry.createService({ name: workService, kind: ServiceKind.STANDARD, defaultPort: port });
    const hosts = await until("all agents are connected", 180_000, async () => {
      const { hosts: found } = await this.registry.listHosts({});
      return found.filter(({ connected }) => connected).length === this.count + 1 && found;
    });
    for (let host = 1; host <= this.count; host++) {
      const hostId = hosts.find(({ name }) => name === `host-${host}`)!.id;
      await this.registry.addInstance({ service: workService, hostId });
    }
    await until("all instances run", 180_000, async () => {
      const instances = await this.instances();
      return instances.every((instance) => instance?.process?.state === ProcessState.RUNNING);
    });
    const instanceIds = (await this.instances()).map(({ id }) => id);
    await this.registry.setRouting({ instanceIds, inRouting: true });
  }

  #stateOf(host: number): string {
    return join(this.directory, `h${host}`);
  }

  #spawn(
    name: string,
    before: readonly string[],
    args: readonly string[],
    env: Record<string, string> = {},
  ): ChildProcess {
    const [command = "", ...rest] = [...before, process.execPath, ...args];
    const log = openSync(join(this.directory, `${name}.log`), "a");
    const child = spawn(command, rest, {
      cwd: this.directory,
      // Two dozen programs of the same code: what one of them compiled the others need not, where the run keeps it.
      env: {
        PATH: process.env.PATH,
        HOME: this.directory,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...env,
      },
      stdio: ["pipe", "pipe", log],
    });
    this.#children.set(name, child);
    return child;
  }

  #pidsOfDirectory(): string[] {
    return readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && readProc(pid, "environ").includes(this.directory),
    );
  }
}

/** What a cluster's caller does, see `startCaller`. */
export type CallerLoad = {
  readonly callsPerSecond: number;
  readonly timeoutMs?: number | undefined;
  readonly binMs?: number | undefined;
};

/** Calls that began within some time, added up. */
export class CallsSeen {
  readonly tenths: readonly Tenth[];

  constructor(tenths: readonly Tenth[]) {
    this.tenths = tenths;
  }

  get ok(): number {
    return this.tenths.reduce((sum, { ok }) => sum + ok, 0);
  }
  get failed(): number {
    return this.tenths.reduce((sum, { failed }) => sum + failed, 0);
  }
  /** Share of calls that failed, 0…1. */
  get failedShare(): number {
    return this.failed / Math.max(1, this.ok + this.failed);
  }
  /** Share of the answered calls that an instance answered, 0…1. */
  shareOf(instance: string): number {
    return this.tenths.reduce((sum, { by }) => sum + (by[instance] ?? 0), 0) / Math.max(1, this.ok);
  }
  /** One line for people. */
  toString(): string {
    const failure = this.tenths.find((tenth) => tenth.failure !== "")?.failure ?? "";
    return `${this.ok} answered, ${this.failed} failed ${failure && `(${failure})`}`;
  }
}

/** Ask again and again until an answer is not `undefined` or false. @throws Error naming what did not come */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw new Error(`${what}: not after ${timeoutMs} ms`, { cause: failure });
    await delay(100);
  }
}

async function firstLine(child: ChildProcess, name: string): Promise<void> {
  const lines = createInterface({ input: child.stdout! });
  const died = once(child, "exit").then(() => {
    throw new Error(`the ${name} ended`);
  });
  died.catch(() => {}); // From the first line on its end is the test's business.
  await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(180_000) }), died]);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function kill(pid: string): void {
  try {
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function readProc(pid: string, file: "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // Gone meanwhile.
  }
}
