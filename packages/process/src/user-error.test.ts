import assert from "node:assert/strict";
import { test } from "node:test";
import { stopSignal } from "./stop-signal.ts";
import { reportUserError, UserError } from "./user-error.ts";

test("an error for the user is one line and status 1; a defect of ours keeps its stack and gets status 70", () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  assert.equal(reportUserError(new UserError("port 80 is taken", { hint: "name\nanother" }), "msec", write), 1);
  assert.equal(written, "msec: port 80 is taken; name another\n");
  written = "";
  assert.equal(reportUserError(new TypeError("x"), "agent", write), 70);
  assert.match(written, /^agent: unexpected error: TypeError: x\n {4}at /);
});

test("the first signal aborts, further ones are the caller's", () => {
  const seconds: string[] = [];
  const stop = stopSignal((name) => seconds.push(name));
  const before = process.listenerCount("SIGTERM");
  process.emit("SIGTERM", "SIGTERM");
  assert.equal(stop.signal.reason, "SIGTERM");
  assert.deepEqual(seconds, []);
  process.emit("SIGINT", "SIGINT");
  assert.deepEqual(seconds, ["SIGINT"]);
  stop[Symbol.dispose]();
  assert.equal(process.listenerCount("SIGTERM"), before - 1);
});
