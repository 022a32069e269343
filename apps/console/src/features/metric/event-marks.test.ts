import { create } from "@bufbuild/protobuf";
import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { EventKind, EventSchema } from "@msec/api/console/v1/metrics_pb.js";
import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { eventMarks } from "./event-marks.ts";

const words = ((key: string, { kind = "", count = "" }: { kind?: string; count?: string | number } = {}) =>
  [key, kind, count].join(" ").trim()) as unknown as TFunction;
const marksOf = (event: Parameters<typeof create<typeof EventSchema>>[1]) =>
  eventMarks([create(EventSchema, { timeMs: 5, service: "F.f", by: "alice", ...event })], words, (ms) => `at ${ms}`);

test("a mark says when, what, to what and by whom, and leads to the service", () => {
  expect(marksOf({ kind: EventKind.ROUTING_OUT, subject: "10.0.0.1:80" })).toEqual([
    { timeMs: 5, kind: "out", clock: "at 5", label: "event.out 10.0.0.1:80 · alice", href: "/services/F.f" },
  ]);
  expect(marksOf({ kind: EventKind.RELEASE, subject: "10.0.0.1:80 v2" })[0]?.label).toBe(
    "event.release 10.0.0.1:80 v2 · alice",
  );
  expect(marksOf({ kind: EventKind.ROUTING_IN, subject: "3 instances" })[0]?.label).toBe(
    "event.in event.instances  3 · alice",
  );
});

test("what an operation did says so in the reader's words and leads to the operation", () => {
  const operation = { operation: "12e4", operationKind: OperationKind.RESTART, kind: EventKind.LIFE };
  const [one] = marksOf({ ...operation, instances: 1, subject: "restart 10.0.0.1:80" });
  expect(one?.label).toBe("operation.of operation.kind.restart 1 10.0.0.1:80 · alice");
  // An id that looks like a number stays a text in the address.
  expect(one?.href).toBe("/capacity?view=operations&operation=%2212e4%22");
  const [two] = marksOf({ ...operation, instances: 2, subject: "restart 2 instances" });
  expect(two?.label).toBe("operation.of operation.kind.restart 2 · alice");
});
