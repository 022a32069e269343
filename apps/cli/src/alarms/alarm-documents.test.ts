import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "@msec/process";
import { en } from "../messages/en.ts";
import {
  channelDocument,
  channelForm,
  channelFromDocument,
  ruleDocument,
  ruleForm,
  ruleFromDocument,
} from "./alarm-documents.ts";
import { readAlarmDocuments } from "./apply-alarms.ts";
import { documentFromWords, documentKeys } from "./document.ts";

const ids = new Map([["ops", "c1"]]);
const names = (id: string) => [...ids].find(([, own]) => own === id)?.[0] ?? id;
const rule = (document: object) => ruleFromDocument({ ...document }, (name) => ids.get(name), en);
const refused = (work: () => unknown, message: RegExp) =>
  assert.throws(work, (error) => error instanceof UserError && message.test(`${error.message}; ${error.hint}`));

test("a rule is written with words and names, without ids and times, and read again as it was", () => {
  const document = {
    ...{ name: "errors", enabled: false, severity: "critical", subject: "error-ratio", scope: "total", service: "*" },
    ...{ condition: "change-percent", threshold: 5, baseline: "previous", baselineMinutes: 30, direction: "rise" },
    ...{ forMinutes: 2, ofMinutes: 3, resolveMinutes: 5, channels: ["ops"] },
  };
  assert.deepEqual(ruleDocument(rule(document), names), document);
  const short = ruleDocument(rule({ name: "p99", subject: "p99", service: "Flight.web", threshold: 300 }), names);
  assert.deepEqual([short.enabled, short.severity, short.condition], [true, "warning", "above"]);
  assert.deepEqual([short.forMinutes, short.ofMinutes, short.baseline], [2, 3, undefined]);
  const where = "text =~ '^a=b \\d+' and uid = 7";
  const log = rule({
    name: "log",
    subject: "log",
    service: "*",
    ...documentFromWords(ruleForm, [`logWhere=${where}`], en),
  });
  assert.equal(ruleDocument(log, names).logWhere, where, "an expression goes through words and documents as it is");
});

test("what is wrong with a document is said with its key, what was found and what there is", () => {
  refused(() => rule({ name: "x", treshold: 1 }), /there is no key treshold; did you mean threshold\?/);
  refused(() => rule({ name: "x", subject: "errors" }), /subject is "errors": expected calls, error-ratio, p99/);
  refused(() => rule({ name: "x", threshold: "5" }), /threshold is "5": expected a number/);
  refused(() => rule({ name: "x", forMinutes: 1.5 }), /forMinutes is 1.5: expected a whole number/);
  refused(() => rule({ name: "x", channels: ["night"] }), /there is no channel night/);
  refused(() => rule({ name: "x", channels: "ops" }), /channels is "ops": expected a list/);
  refused(() => rule({ name: "x", id: "1" }), /there is no key id/);
  refused(() => readAlarmDocuments("{", en), /not JSON/);
  refused(() => readAlarmDocuments('{"rule": []}', en), /expected \{"channels"/);
  refused(() => readAlarmDocuments('{"rules": [{"name": "x"}, {"name": "x"}]}', en), /a name of its own; found "x"/);
  refused(() => readAlarmDocuments('{"rules": [{}]}', en), /a name of its own/);
});

test("words on the command line are read as their field wants them", () => {
  const words = ["threshold=5", "enabled=no", "service=*", "note=a=b", "logText=5"];
  const document = documentFromWords(ruleForm, words, en);
  assert.deepEqual(document, { threshold: 5, enabled: false, service: "*", note: "a=b", logText: "5" });
  assert.deepEqual(documentFromWords(channelForm, ["recipients=a@b.c, d@e.f"], en), { recipients: ["a@b.c", "d@e.f"] });
  refused(() => documentFromWords(ruleForm, ["threshold"], en), /threshold: expected key=value/);
});

test("secrets of a channel come from the environment, and never go into a document", () => {
  const document = { name: "ops", kind: "webhook", url: "env:HOOK", secret: "plain" };
  const channel = channelFromDocument(document, { HOOK: "https://hooks.example/1" }, en);
  assert.deepEqual([channel.url, channel.secret], ["https://hooks.example/1", "plain"]);
  const shown = {
    name: "ops",
    enabled: true,
    kind: "webhook",
    language: "en",
    maxPerTenMinutes: 10,
    sendResolved: true,
  };
  assert.deepEqual(channelDocument(channel), shown);
  refused(() => channelFromDocument(document, {}, en), /the environment has no HOOK/);
  assert.ok(!documentKeys(channelForm).includes("hasSecret"));
});
