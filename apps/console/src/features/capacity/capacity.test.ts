import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ProcessSchema, ProcessState } from "@msec/api/agent/v1/common_pb.js";
import {
  HostLoadSchema,
  OperationInstanceSchema,
  OperationKind,
  OperationReason,
  OperationState,
  OperationStep,
  ServiceLoadSchema,
} from "@msec/api/console/v1/capacity_pb.js";
import { InstanceSchema } from "@msec/api/console/v1/registry_pb.js";
import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { appliesTo, forceNeed, operationKinds } from "./applicable.ts";
import { parseCapacitySearch } from "./capacity-search.ts";
import { sortHostLoads, sortServiceLoads } from "./load-sort.ts";
import { outcomeText, placeOf, stepLeftMs, stepLines, walkOf } from "./operation-words.ts";

const NOW = 1_700_000_000_000;
const t = ((key: string, values: Record<string, unknown> = {}) =>
  [key.split(".").slice(-1)[0], ...Object.values(values)].join(" ")) as unknown as TFunction;

const instance = (init: MessageInitShape<typeof InstanceSchema>) =>
  create(InstanceSchema, {
    service: "A.one",
    address: "10.0.0.1",
    port: 80,
    hostId: "h",
    run: true,
    reportedMs: NOW,
    process: create(ProcessSchema, { state: ProcessState.RUNNING }),
    ...(init as object),
  });
const running = { state: OperationState.RUNNING, stepTimeoutMs: 60_000 };
const stepOf = (init: MessageInitShape<typeof OperationInstanceSchema>) =>
  create(OperationInstanceSchema, { address: "10.0.0.1", port: 80, stepSinceMs: NOW - 5000, ...init });

test("an operation is offered only where it would do something", () => {
  const kindsOf = (init: MessageInitShape<typeof InstanceSchema>) =>
    operationKinds.filter((kind) => appliesTo(kind, instance(init)));
  const { IN, OUT, START, STOP, RESTART } = OperationKind;
  expect(kindsOf({ inRouting: true })).toEqual([OUT, STOP, RESTART]);
  expect(kindsOf({ inRouting: false })).toEqual([IN, STOP, RESTART]);
  expect(kindsOf({ run: false, process: { state: ProcessState.STOPPED } })).toEqual([IN, START, RESTART]);
  expect(kindsOf({ port: 0 })).toEqual([STOP, RESTART]);
  expect(kindsOf({ hostId: "", inRouting: true })).toEqual([OUT]);
});

test("force is asked for where nobody would be left, or what is taken in is not seen to run", () => {
  const [first, second] = [instance({ id: "1", inRouting: true }), instance({ id: "2", inRouting: true })];
  const other = instance({ id: "3", service: "B.two", inRouting: true });
  const all = [first, second, other];
  const need = (kind: OperationKind, chosen: typeof all, batch = 1) => forceNeed(kind, chosen, all, batch, NOW);
  expect(need(OperationKind.OUT, [first])).toBeUndefined();
  expect(need(OperationKind.OUT, [first, second])).toEqual({ kind: "last", service: "A.one" });
  expect(need(OperationKind.STOP, [first, other])).toEqual({ kind: "last", service: "B.two" });
  expect(need(OperationKind.RESTART, [first, second])).toBeUndefined();
  expect(need(OperationKind.RESTART, [first, second], 2)).toEqual({ kind: "last", service: "A.one" });
  expect(need(OperationKind.START, [first, second])).toBeUndefined();
  const silent = instance({ reportedMs: NOW - 16_000 });
  expect(need(OperationKind.IN, [silent])).toEqual({ kind: "notRunning", address: "10.0.0.1:80" });
  expect(need(OperationKind.IN, [instance({ hostId: "", process: undefined as never })])).toBeUndefined();
  // One that is out already takes nobody away.
  expect(need(OperationKind.STOP, [instance({ id: "4" })])).toBeUndefined();
});

test("the words of a step name who is waited for, since when, and how many more", () => {
  const waiting = [
    { name: "b1", sinceMs: NOW - 43_000 },
    { name: "b2", sinceMs: NOW - 2000 },
  ];
  const callers = stepOf({
    step: OperationStep.CALLERS,
    routeVersion: 812n,
    hosts: 18,
    hostsAcknowledged: 16,
    waiting,
  });
  expect(stepLines(t, "en", running, callers, NOW)).toEqual(["callers 16 18 812", "waiting b1 43s waitingMore 1"]);
  // In its first second nobody is late.
  const fresh = stepOf({
    step: OperationStep.CALLERS,
    routeVersion: 812n,
    hosts: 18,
    hostsAcknowledged: 16,
    waiting: [{ name: "b1", sinceMs: NOW - 500 }],
    skipped: [{ name: "gone" }],
  });
  expect(stepLines(t, "en", running, fresh, NOW)).toEqual(["callers 16 18 812", "skipped gone"]);
  expect(stepLines(t, "en", running, stepOf({ step: OperationStep.DRAINING, inFlight: 3 }), NOW)).toEqual([
    "draining 3",
  ]);
  expect(stepLines(t, "en", running, stepOf({ step: OperationStep.DRAINING }), NOW)).toEqual(["drainingUnknown"]);
  const failed = stepOf({ step: OperationStep.FAILED, reason: "port 80 is taken" });
  expect(stepLines(t, "en", running, failed, NOW)).toEqual(["failed", "port 80 is taken"]);
  expect(outcomeText(t, { instances: [failed] } as never)).toBe("progress 0 1; 10.0.0.1:80: port 80 is taken");
});

test("a step has its time, one that has not begun or has ended has none", () => {
  expect(stepLeftMs(running, stepOf({ step: OperationStep.DRAINING }), NOW)).toBe(55_000);
  expect(stepLeftMs(running, stepOf({ step: OperationStep.DRAINING }), NOW + 90_000)).toBe(0);
  expect(stepLeftMs(running, stepOf({ step: OperationStep.PENDING }), NOW)).toBeUndefined();
  const ended = { ...running, state: OperationState.TIMED_OUT };
  expect(stepLeftMs(ended, stepOf({ step: OperationStep.DRAINING }), NOW)).toBeUndefined();
});

test("the way of an instance shows what is behind, now and ahead", () => {
  const places = (kind: OperationKind, step: OperationStep, wasInRouting = true, state = OperationState.RUNNING) =>
    walkOf({ kind, state }, stepOf({ step, wasInRouting })).map(({ name, place }) => `${name} ${place}`);
  expect(places(OperationKind.STOP, OperationStep.DRAINING)).toEqual([
    "callers past",
    "draining now",
    "stopping ahead",
  ]);
  expect(places(OperationKind.STOP, OperationStep.STOPPING, false)).toEqual(["stopping now"]);
  expect(places(OperationKind.OUT, OperationStep.CALLERS, true, OperationState.TIMED_OUT)).toEqual([
    "callers stopped",
    "draining ahead",
  ]);
  expect(places(OperationKind.RESTART, OperationStep.DONE)).toEqual([
    "callers past",
    "draining past",
    "starting past",
    "returning past",
  ]);
  expect(places(OperationKind.IN, OperationStep.PENDING, false)).toEqual(["joining ahead"]);
});

test("a link restores the page, and nonsense in it is left out", () => {
  const search = { view: "hosts", above: 60, resource: "memory", sort: "disk" };
  expect(parseCapacitySearch(search)).toEqual(search);
  expect(parseCapacitySearch({ view: "services", above: 61, resource: "<b>", sort: "load", operation: 7 })).toEqual({});
  expect(parseCapacitySearch({ view: "operations", operation: "m1-ab" })).toEqual({
    view: "operations",
    operation: "m1-ab",
  });
});

test("loads begin with the highest, names go up", () => {
  const services = [
    create(ServiceLoadSchema, { service: "B.b", loadPercent: 20, memoryBytes: 5 }),
    create(ServiceLoadSchema, { service: "A.a", loadPercent: 20, memoryBytes: 9 }),
    create(ServiceLoadSchema, { service: "C.c", loadPercent: 70, memoryBytes: 1 }),
  ];
  expect(sortServiceLoads(services, "load").map(({ service }) => service)).toEqual(["C.c", "A.a", "B.b"]);
  expect(sortServiceLoads(services, "memory").map(({ service }) => service)).toEqual(["A.a", "B.b", "C.c"]);
  expect(sortServiceLoads(services, "name").map(({ service }) => service)).toEqual(["A.a", "B.b", "C.c"]);
  const hosts = [
    create(HostLoadSchema, { host: { name: "x" }, cpuPercent: 10, memoryPercent: 20, diskPercent: 95 }),
    create(HostLoadSchema, { host: { name: "y" }, cpuPercent: 50, memoryPercent: 20, diskPercent: 10 }),
  ];
  expect(sortHostLoads(hosts, "load").map(({ host }) => host?.name)).toEqual(["x", "y"]);
  expect(sortHostLoads(hosts, "cpu").map(({ host }) => host?.name)).toEqual(["y", "x"]);
});

test("an address is written as one can use it", () => {
  expect(placeOf({ address: "10.0.0.1", port: 80, hostName: "a" })).toBe("10.0.0.1:80");
  expect(placeOf({ address: "2001:db8::1", port: 80, hostName: "a" })).toBe("[2001:db8::1]:80");
  expect(placeOf({ address: "10.0.0.1", port: 0, hostName: "a" })).toBe("a");
});

test("why an operation did not come to its end is said in the reader's language, what its program wrote as it stands", () => {
  const told = (reasonCode: OperationReason, reason: string) =>
    outcomeText(t, {
      stepTimeoutMs: 40_000,
      instances: [stepOf({ step: OperationStep.CALLERS, reason, reasonCode })],
    });
  assertTold(
    told(OperationReason.GAVE_UP_OUT, "gave up after 40 s: 1 of 2 hosts; it is out of routing now"),
    "gaveUpOut 40",
  );
  assertTold(told(OperationReason.REMOVED, "it was removed meanwhile"), "removed 40");
  assertTold(told(OperationReason.ENDED, "it ended"), "ended");
  assertTold(told(OperationReason.ENDED, "exit status 3: port taken\nmore"), "exit status 3: port taken");
  assertTold(told(OperationReason.UNSPECIFIED, "a reason of a newer server"), "a reason of a newer server");
});

function assertTold(outcome: string, reason: string): void {
  expect(outcome.split("; ").at(-1)).toBe(`10.0.0.1:80: ${reason}`);
}
