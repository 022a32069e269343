import assert from "node:assert/strict";
import { test } from "node:test";
import { LateWrite } from "./late-write.ts";
import { quietLog } from "./testing/quiet-log.ts";

// The same with a real disk: full-disk.integration.test.ts.
test("what finds no room is written later, by itself, and is told once and when it is over; other faults are thrown", async () => {
  const { log, lines } = quietLog();
  let fault: string | undefined = "ENOSPC";
  const written = Promise.withResolvers<void>();
  const fail = async () => {
    if (fault !== undefined) throw Object.assign(new Error(fault), { code: fault });
  };
  const writeAll = async () => {
    await fail();
    written.resolve();
  };
  const late = new LateWrite({ what: "route tables", file: "/there", log, writeAll, againMs: 1 });
  assert.equal(late.lateS, 0);
  await late.write(fail);
  await late.write(fail);
  assert.ok(late.lateS >= 1);
  fault = undefined;
  await written.promise;
  await late.write(fail);
  assert.equal(late.lateS, 0);
  const said = lines()
    .map((line) => JSON.stringify(line))
    .join("\n");
  assert.equal(said.match(/disk of the route tables is full.*free space there/g)?.length, 1);
  assert.equal(said.match(/has room again/g)?.length, 1);
  fault = "EIO";
  await assert.rejects(late.write(fail), /EIO/);
  assert.equal(late.lateS, 0);
});
