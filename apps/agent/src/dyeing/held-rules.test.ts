import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { WatchDyeingResponseSchema } from "@msec/api/agent/v1/dyeing_pb.js";
import { quietLog } from "../testing/quiet-log.ts";
import { HeldRules } from "./held-rules.ts";

test("rules are told on with the time that is left to them, and wake who waits", async () => {
  let nowMs = 1_000;
  const held = new HeldRules(quietLog().log, () => nowMs);
  const waiting = held.untilChanged(new AbortController().signal);
  const answer = create(WatchDyeingResponseSchema, {
    version: "a",
    rules: [
      { id: "1", field: "uid", value: "7", remainingMs: 500 },
      { id: "2", caller: "Web.front", remainingMs: 2_000 },
    ],
  });
  assert.equal(held.apply(answer), true);
  await waiting;
  assert.equal(held.apply(answer), false);
  nowMs = 1_400;
  assert.deepEqual(
    held.active().map(({ id, remainingMs }) => [id, remainingMs]),
    [
      ["1", 100],
      ["2", 1_600],
    ],
  );
  nowMs = 1_500;
  assert.deepEqual(
    held.active().map(({ id }) => id),
    ["2"],
  );
});
