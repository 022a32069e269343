import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ProcessSchema, ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { type ReloadProgress, ReloadProgressSchema, ReloadState } from "@msec/api/agent/v1/reload_pb.js";
import { OperationKind, OperationReason, OperationState, OperationStep } from "@msec/api/console/v1/capacity_pb.js";
import { advance, type CallersFact, type Command, type InstanceFact } from "./advance.ts";
import type { Operation, OperationInstance } from "./operation.ts";

const { IN, OUT, STOP, START, RESTART, RELOAD } = OperationKind;
const { PENDING, CALLERS, DRAINING, STOPPING, STARTING, RETURNING, RELOADING, DONE, FAILED } = OperationStep;
const timeoutMs = 60_000;

const instance = (id: string, more: Partial<OperationInstance> = {}): OperationInstance => ({
  instanceId: id,
  service: "Flight.mod_flight",
  address: "10.0.0.1",
  port: 7963,
  hostId: "h",
  hostName: "host",
  wasInRouting: true,
  step: PENDING,
  stepSinceMs: 0,
  reason: "",
  reasonCode: OperationReason.UNSPECIFIED,
  timedOut: false,
  routeVersion: 0,
  generation: 0,
  hosts: 0,
  hostsAcknowledged: 0,
  waiting: [],
  skipped: [],
  inFlight: null,
  idle: null,
  ...more,
});

/** A world in which commands are carried out at once; a test changes the rest. */
class World {
  nowMs = 0;
  operation: Operation;
  readonly commands: string[] = [];
  readonly instances = new Map<string, InstanceFact>();
  acknowledged = 0;
  readonly hosts = 18;
  readonly reloads = new Map<string, ReloadProgress>();
  #generation = 0;

  constructor(kind: OperationKind, ids: string[], batch = 1) {
    const state = OperationState.RUNNING;
    const common = { revision: 1, startedBy: "operator", startedMs: 0, endedMs: 0, stepTimeoutMs: timeoutMs, batch };
    this.operation = { id: "o", kind, state, ...common, instances: ids.map((id) => instance(id)) };
    for (const id of ids) this.says(id, ProcessState.RUNNING);
  }

  /** Its agent reports. */
  says(id: string, state: ProcessState, more: { inFlight?: number; callsBegun?: bigint; reason?: string } = {}): void {
    this.nowMs += 1;
    const before = this.instances.get(id);
    const pid = state === ProcessState.RUNNING ? 7 : 0;
    const process = create(ProcessSchema, { instanceId: id, state, pid, answers: pid > 0, ...more });
    process.generation = BigInt(this.#generation);
    this.instances.set(id, {
      inRouting: before?.inRouting ?? true,
      isExternal: false,
      process,
      reportedMs: this.nowMs,
    });
  }

  look(): OperationStep[] {
    const found = advance(this.operation, {
      nowMs: this.nowMs,
      instance: (id) => this.instances.get(id),
      callers: () => this.#callers(),
      reload: (id) => this.reloads.get(id),
    });
    this.operation = found.operation;
    for (const { command, ids } of found.commands) this.#carryOut(command, ids);
    return this.steps();
  }

  steps(): OperationStep[] {
    return this.operation.instances.map(({ step }) => step);
  }

  #callers(): CallersFact {
    const waiting = Array.from({ length: this.hosts - this.acknowledged }, (_, index) => ({
      hostId: `h${index}`,
      name: `host${index}`,
      address: "10.0.0.7",
      connected: true,
      appliedRouteVersion: 811,
      usedRouteVersion: 811,
      sinceMs: 0,
    }));
    return { hosts: this.hosts, acknowledged: this.acknowledged, waiting, skipped: [] };
  }

  #carryOut(command: Command, ids: readonly string[]): void {
    this.commands.push(`${wordOf(command)} ${ids.join()}`);
    if (command.type === "run" && (command.again || !command.run)) this.#generation++;
    for (const id of ids) {
      const fact = this.instances.get(id)!;
      if (command.type === "route") this.instances.set(id, { ...fact, inRouting: command.inRouting });
    }
    this.operation = {
      ...this.operation,
      instances: this.operation.instances.map((each) =>
        ids.includes(each.instanceId)
          ? { ...each, step: command.next, stepSinceMs: this.nowMs, generation: this.#generation, routeVersion: 812 }
          : each,
      ),
    };
  }
}

function wordOf(command: Command): string {
  if (command.type === "reload") return "reload";
  if (command.type === "route") return command.inRouting ? "in" : "out";
  return command.run ? (command.again ? "restart" : "start") : "stop";
}

it("takes out of routing only when every host uses the version and two reports in a row show nothing in flight", () => {
  const world = new World(OUT, ["a"]);
  assert.deepEqual(world.look(), [CALLERS]);
  world.acknowledged = 17;
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 5n });
  assert.deepEqual(world.look(), [CALLERS]);
  assert.equal(world.operation.instances[0]?.waiting.length, 1);
  world.acknowledged = 18;
  assert.deepEqual(world.look(), [DRAINING]);
  assert.deepEqual(world.look(), [DRAINING], "the report is of before");
  world.says("a", ProcessState.RUNNING, { inFlight: 2, callsBegun: 5n });
  assert.deepEqual(world.look(), [DRAINING]);
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 5n });
  assert.deepEqual([world.look(), world.look()], [[DRAINING], [DRAINING]], "one report is one look");
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 6n });
  assert.deepEqual(world.look(), [DRAINING], "a call came and went between the two");
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 6n });
  assert.deepEqual(world.look(), [DONE]);
  assert.equal(world.operation.state, OperationState.DONE);
  assert.deepEqual(world.commands, ["out a"]);
});

it("does not wait for the calls of what is dead, external, or does not count them, and says so", () => {
  for (const [change, reason] of [
    [(world: World) => world.says("a", ProcessState.BACKING_OFF), /^$/],
    [(world: World) => world.says("a", ProcessState.RUNNING), /does not say how many/],
    [(world: World) => world.instances.set("a", { ...world.instances.get("a")!, isExternal: true }), /external/],
  ] as const) {
    const world = new World(OUT, ["a"]);
    world.look();
    world.acknowledged = 18;
    assert.deepEqual(world.look(), [DRAINING]);
    change(world);
    assert.deepEqual(world.look(), [DONE]);
    assert.match(world.operation.instances[0]?.reason ?? "", reason);
  }
});

it("names the hosts that did not follow when the time is over, and what holds then", () => {
  const world = new World(OUT, ["a"]);
  world.look();
  world.acknowledged = 17;
  world.nowMs += timeoutMs;
  assert.deepEqual(world.look(), [CALLERS]);
  world.nowMs += 1;
  world.look();
  const [only] = world.operation.instances;
  assert.equal(world.operation.state, OperationState.TIMED_OUT);
  assert.match(
    only?.reason ?? "",
    /17 of 18 hosts use version 812; host0 \(10\.0\.0\.7\) has not for 60 s; it is out of routing now/,
  );
});

it("stops after it is out and idle, by an order of its own", () => {
  const world = new World(STOP, ["a"]);
  world.acknowledged = 18;
  world.look();
  world.look();
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 1n });
  world.look();
  world.says("a", ProcessState.RUNNING, { inFlight: 0, callsBegun: 1n });
  assert.deepEqual(world.look(), [STOPPING]);
  world.says("a", ProcessState.STOPPED);
  assert.deepEqual(world.look(), [DONE]);
  assert.deepEqual(world.commands, ["out a", "stop a"]);
  assert.equal(world.operation.state, OperationState.DONE);
});

it("has what backs off started anew, and ends with its last words when it fails again", () => {
  const world = new World(START, ["a"]);
  world.says("a", ProcessState.BACKING_OFF, { reason: "of the time before" });
  assert.deepEqual(world.look(), [STARTING]);
  assert.deepEqual(world.commands, ["restart a"]);
  assert.deepEqual(world.look(), [STARTING], "what was said was of an earlier generation");
  world.says("a", ProcessState.BACKING_OFF, { reason: "exited with status 1; its last output: no such table" });
  assert.deepEqual(world.look(), [FAILED]);
  assert.equal(world.operation.state, OperationState.FAILED);
  assert.match(world.operation.instances[0]?.reason ?? "", /no such table/);
});

it("is done at once where what is to be started runs already", () => {
  const world = new World(START, ["a"]);
  world.look();
  assert.deepEqual(world.look(), [DONE]);
  assert.deepEqual(world.commands, ["start a"]);
});

it("restarts one of a service after the other, each out of routing meanwhile, and stops at the first that fails", () => {
  const world = new World(RESTART, ["a", "b", "c"]);
  world.acknowledged = 18;
  const drain = (id: string) => {
    world.look();
    for (let report = 0; report < 2; report++) {
      world.says(id, ProcessState.RUNNING, { inFlight: 0, callsBegun: 1n });
      world.look();
    }
  };
  assert.deepEqual(world.look(), [CALLERS, PENDING, PENDING]);
  drain("a");
  assert.deepEqual(world.steps(), [STARTING, PENDING, PENDING]);
  world.says("a", ProcessState.RUNNING);
  assert.deepEqual(world.look(), [RETURNING, PENDING, PENDING]);
  assert.deepEqual(world.look(), [DONE, CALLERS, PENDING]);
  drain("b");
  world.says("b", ProcessState.BACKING_OFF, { reason: "broken" });
  world.look();
  assert.deepEqual(world.steps(), [DONE, FAILED, PENDING]);
  assert.equal(world.operation.state, OperationState.FAILED);
  assert.deepEqual(world.commands, ["out a", "restart a", "in a", "out b", "restart b"]);
});

it("puts all of them into routing with one switch, and waits for the hosts", () => {
  const world = new World(IN, ["a", "b"]);
  assert.deepEqual(world.look(), [CALLERS, CALLERS]);
  world.acknowledged = 18;
  assert.deepEqual(world.look(), [DONE, DONE]);
  assert.deepEqual(world.commands, ["in a,b"]);
});

it("fails where an instance was removed meanwhile", () => {
  const world = new World(OUT, ["a"]);
  world.look();
  world.instances.delete("a");
  assert.deepEqual(world.look(), [FAILED]);
  assert.equal(world.operation.state, OperationState.FAILED);
});

it("reloads one instance after the other, in routing all the time, and begins no other when one fails", () => {
  const world = new World(RELOAD, ["a", "b", "c"]);
  const says = (id: string, more: Partial<ReloadProgress>) =>
    world.reloads.set(id, { ...create(ReloadProgressSchema, { orderId: id }), ...more });
  assert.deepEqual(world.look(), [RELOADING, PENDING, PENDING]);
  assert.deepEqual(world.look(), [RELOADING, PENDING, PENDING], "its agent has said nothing yet");
  says("a", { workers: 2, workersReady: 1 });
  assert.deepEqual(world.look(), [RELOADING, PENDING, PENDING]);
  assert.deepEqual([world.operation.instances[0]?.workers, world.operation.instances[0]?.workersReady], [2, 1]);
  says("a", { workers: 2, workersReady: 2, state: ReloadState.DONE });
  assert.deepEqual(world.look(), [DONE, RELOADING, PENDING]);
  says("b", { state: ReloadState.FAILED, reason: "a new worker did not start; its last output: no seats" });
  assert.deepEqual(world.look(), [DONE, FAILED, PENDING]);
  assert.equal(world.operation.state, OperationState.FAILED);
  assert.match(world.operation.instances[1]!.reason, /no seats/);
  assert.deepEqual(world.commands, ["reload a", "reload b"]);

  const single = new World(RELOAD, ["d"]);
  single.look();
  single.reloads.set("d", create(ReloadProgressSchema, { state: ReloadState.ONE_PROCESS }));
  assert.deepEqual(single.look(), [FAILED]);
  assert.equal(single.operation.instances[0]?.reasonCode, OperationReason.ONE_PROCESS);
});

it("gives a reload up whose agent says nothing", () => {
  const world = new World(RELOAD, ["a"]);
  world.look();
  world.nowMs += timeoutMs + 1;
  assert.deepEqual(world.look(), [RELOADING]);
  assert.equal(world.operation.state, OperationState.TIMED_OUT);
  assert.match(world.operation.instances[0]!.reason, /waiting for its agent/);
});
