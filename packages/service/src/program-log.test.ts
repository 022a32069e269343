import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createLog } from "@msec/process";
import { createRecorder } from "@msec/telemetry";
import { DyeRules } from "./dyeing/dye-rules.ts";
import { ProgramLog } from "./program-log.ts";

test("whatever is given to a log line, it is written and nothing is thrown", () => {
  const written: string[] = [];
  const to = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const recorder = createRecorder({ now: Date.now });
  const dyeing = new DyeRules({ service: "Test.log", pairs: [], onDyed: () => {} });
  const lines = createLog({ name: "Test.log", level: "trace", readable: false, to });
  const log = new ProgramLog({ name: "Test.log", least: "info", recorder, dyeing, lines }).of(undefined);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = Object.defineProperty(new Error("inner"), "stack", {
    get() {
      throw new Error("no stack");
    },
  });
  const cases: [text: unknown, fields: unknown, expected: RegExp][] = [
    [new TypeError("boom"), undefined, /^TypeError: boom$/],
    [new Error("boom"), { uid: 7 }, /^Error: boom$/],
    [undefined, undefined, /^undefined$/],
    [null, null, /^null$/],
    [7, undefined, /^7$/],
    [{ a: 1 }, undefined, /^\{"a":1\}$/],
    [Symbol("x"), undefined, /^Symbol\(x\)$/],
    [
      "getter",
      {
        get a() {
          throw new Error("no");
        },
      },
      /^getter$/,
    ],
    ["proxy", { a: revoked.proxy }, /^proxy$/],
    ["stack", { e: throwing }, /^stack$/],
  ];
  // As JavaScript may call it.
  for (const [text, fields] of cases) log.error(text as string, fields as never);
  const { logs, strings } = recorder.drain()!;
  assert.equal(logs.text.length, cases.length);
  for (const [index, [, , expected]] of cases.entries()) assert.match(logs.text[index]!, expected);
  const named = logs.fieldNameRef.map((ref, index) => `${strings[ref]}=${logs.fieldValue[index]!.split("\n")[0]}`);
  assert.deepEqual(named.slice(0, 3), ["error=TypeError: boom", "error=Error: boom", "uid=7"]);
  assert.match(named.join("; "), /unreadable=.*cannot be read: Error: no/);
  assert.equal(written.length, cases.length);
  log.warn("odd");
  log.info("plain");
  assert.deepEqual(recorder.drain()!.logs.level, [13, 9]);
  assert.match(written.at(-2)!, /"level":"warn".*"source":"program-log\.test\.ts:/);
  recorder.log(17, new Error("past the log") as unknown as string);
  assert.match(recorder.drain()!.logs.text[0]!, /past the log/);
});
