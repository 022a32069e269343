import assert from "node:assert/strict";
import { test } from "node:test";
import { Protocol, sniff, sniffBytes } from "./sniff.ts";

const of = (text: string) => sniff(Buffer.from(text, "latin1"));

test("SRPC is known by its first byte, HTTP by method and space", () => {
  assert.equal(of("("), Protocol.Srpc);
  for (const method of ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "QUERY"]) {
    assert.equal(of(`${method} / HTTP/1.1`), Protocol.Http1);
    for (let i = 1; i <= method.length; i++) {
      assert.equal(of(method.slice(0, i)), Protocol.NeedMore);
    }
  }
});

test("anything else is unknown as soon as it can be", () => {
  for (const text of [
    "\x16\x03\x01",
    "*1\r\n",
    "stats\r\n",
    "SSH-",
    "\0",
    "PRI * HTTP/1.1",
    "PRI * HTTP/2.0\r\n\r\nXM",
    "POSTMAN",
    "post /",
    "GET\t/",
  ]) {
    assert.equal(of(text), Protocol.Unknown, JSON.stringify(text));
  }
  assert.equal(of(""), Protocol.NeedMore);
});

test("HTTP/2 is known by its whole preface", () => {
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  assert.equal(of(preface), Protocol.Http2);
  assert.equal(of(`${preface}more`), Protocol.Http2);
  for (let i = 1; i < preface.length; i++) {
    assert.equal(of(preface.slice(0, i)), Protocol.NeedMore);
  }
});

test("no start of `sniffBytes` bytes leaves it open", () => {
  assert.notEqual(of("CONNECT x".slice(0, sniffBytes)), Protocol.NeedMore);
  assert.notEqual(of("x".repeat(sniffBytes)), Protocol.NeedMore);
});
