import assert from "node:assert/strict";
import { test } from "node:test";
import {
  flowIdFromTraceId,
  formatTraceParent,
  hexFromBytes,
  parseTraceParent,
  traceIdFromFlowId,
  traceStateOf,
} from "./trace-parent.ts";

const example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a traceparent is read and written as W3C has it", () => {
  const parent = parseTraceParent(example);
  assert.ok(parent);
  assert.equal(hexFromBytes(parent.traceId), "0af7651916cd43dd8448eb211c80319c");
  assert.equal(hexFromBytes(parent.spanId), "b7ad6b7169203331");
  assert.equal(parent.sampled, true);
  assert.equal(formatTraceParent(parent), example);
  assert.equal(parseTraceParent(example.slice(0, -2).concat("00"))?.sampled, false);
});

test("what W3C says to ignore is ignored", () => {
  for (const bad of [
    "",
    "garbage",
    example.toUpperCase(),
    `${example}-more`,
    example.replace("00-", "ff-"),
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    example.slice(1),
  ]) {
    assert.equal(parseTraceParent(bad), undefined, bad);
  }
});

test("a later version with more fields is read as far as it is known", () => {
  assert.ok(parseTraceParent(`${example.replace("00-", "01-")}-more`));
});

test("flow_id is the low 64 bits of the trace id, and alone makes a trace id with a zero high half", () => {
  const parent = parseTraceParent(example);
  assert.equal(flowIdFromTraceId(parent!.traceId), 0x8448eb211c80319cn);
  const traceId = traceIdFromFlowId(0x8448eb211c80319cn);
  assert.equal(hexFromBytes(traceId), "00000000000000008448eb211c80319c");
  assert.equal(flowIdFromTraceId(traceId), 0x8448eb211c80319cn);
});

test("a tracestate goes on whole or not at all", () => {
  const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join(",");
  for (const good of ["rojo=1", "a=1, b@c=2,", members(32), `a=${"x".repeat(256)}`])
    assert.equal(traceStateOf(good), good);
  for (const bad of [
    undefined,
    "",
    "A=1",
    "a=b=c",
    "a=\u00e9",
    "a",
    members(33),
    `a=${"x".repeat(257)}`,
    `${"a=1,".repeat(128)}a=1`,
  ]) {
    assert.equal(traceStateOf(bad), "", bad);
  }
});
