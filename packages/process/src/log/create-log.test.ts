import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createLog } from "./create-log.ts";
import { SECRET_FIELDS } from "./secret-fields.ts";

function collected(): { to: PassThrough; text: () => string } {
  const to = new PassThrough();
  return { to, text: () => (to.read() ?? Buffer.alloc(0)).toString() };
}

test("a line is JSON with time, level, name, text and fields; lines below the level are not written", () => {
  const { to, text } = collected();
  const log = createLog({ name: "agent", to });
  log.debug("not this");
  log.child({ host: "h1" }).info("connected", { server: "127.0.0.1:7960" });
  const record = JSON.parse(text());
  assert.match(record.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(
    { ...record, time: "" },
    { time: "", level: "info", name: "agent", host: "h1", server: "127.0.0.1:7960", msg: "connected" },
  );
});

test("no secret reaches the log, at the top or within objects", () => {
  const { to, text } = collected();
  const log = createLog({ name: "x", to });
  for (const field of SECRET_FIELDS) {
    log.info("a", { [field]: "hunter2", inner: { [field]: "hunter2", deep: { [field]: "hunter2" } } });
  }
  const written = text();
  assert.ok(!written.includes("hunter2"), written);
  assert.equal(written.split("[secret]").length - 1, 3 * SECRET_FIELDS.length);
});

test("an error is written with its stack and its cause", () => {
  const { to, text } = collected();
  createLog({ name: "x", to }).error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
  const record = JSON.parse(text());
  assert.equal(record.error.message, "outer");
  assert.match(record.error.stack, /create-log\.test\.ts/);
  assert.equal(record.error.cause.message, "inner");
});

test("where a person reads along, a line is text", () => {
  const { to, text } = collected();
  createLog({ name: "agent", to, readable: true }).warn("slow", { ms: 12, peer: "a b" });
  assert.match(text(), /^\d\d:\d\d:\d\d\.\d{3} warn {2}agent: slow {2}ms=12 {2}peer="a b"\n$/);
});
