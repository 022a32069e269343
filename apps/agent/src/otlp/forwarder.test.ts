import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "@msec/process";
import { FORWARD_QUEUE_BYTES, Forwarder, retryAfterMs } from "./forwarder.ts";

const lines: string[] = [];
const to = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});
const log = createLog({ name: "test", readable: false, to });

test("a collector that does not answer costs its queue: the oldest that waits is dropped and counted, and close waits no longer than it may", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forwarder = new Forwarder({ collector, headers: {}, log, flushMs: 20 });
  const mebibyte = 1024 * 1024;
  for (let i = 0; i < 20; i++) forwarder.push({ path: "/v1/logs", body: new Uint8Array(mebibyte) });
  assert.equal(forwarder.counts.queuedBytes, FORWARD_QUEUE_BYTES);
  assert.equal(forwarder.counts.dropped, 4);
  await forwarder.close();
  assert.deepEqual({ sent: forwarder.counts.sent, dropped: forwarder.counts.dropped }, { sent: 0, dropped: 20 });
  assert.match(lines.join(""), /16 requests of telemetry for the collector were dropped/);
  server.closeAllConnections();
  server.close();
});

test("what waits when the agent stops is sent first", async () => {
  const taken: number[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      taken.push(taken.length);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forwarder = new Forwarder({ collector, headers: {}, log, flushMs: 60_000 });
  for (let i = 0; i < 10; i++) forwarder.push({ path: "/v1/logs", body: new Uint8Array(1024) });
  await forwarder.close();
  assert.deepEqual([taken.length, forwarder.counts], [10, { sent: 10, dropped: 0, queuedBytes: 0, rejectedRows: 0 }]);
  server.closeAllConnections();
  server.close();
});

test("what a collector refuses for good is dropped, what it cannot take now comes again, and headers go nowhere else", async () => {
  const statuses = [400, 503, 307, 200];
  const tokens: unknown[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers["x-token"]);
    request.resume();
    response.writeHead(statuses.shift() ?? 200, { location: "http://127.0.0.1:1/" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const backOff = () => ({ afterExit: () => 0 });
  const forwarder = new Forwarder({ collector, headers: { "x-token": "s3cret" }, log, backOff });
  for (let i = 0; i < 3; i++) forwarder.push({ path: "/v1/logs", body: new Uint8Array(3) });
  // 400: dropped. 503, then 307: dropped. 200: sent.
  while (forwarder.counts.queuedBytes > 0) await delay(2);
  await forwarder.close();
  assert.deepEqual(forwarder.counts, { sent: 1, dropped: 2, queuedBytes: 0, rejectedRows: 0 });
  assert.match(lines.join(""), /does not take telemetry: it answered 503; trying again/);
  assert.deepEqual(tokens, Array(4).fill("s3cret"));
  assert.doesNotMatch(lines.join(""), /s3cret/);
  server.closeAllConnections();
  server.close();
});

test("what a collector took and refused in part is counted and said; it is left alone for as long as it wants", async () => {
  // partial_success { rejected = 1: 3, error_message = 2: "too old" }
  const partial = Buffer.concat([Buffer.from([0x0a, 11, 0x08, 3, 0x12, 7]), Buffer.from("too old")]);
  const server = createServer((request, response) => request.resume().on("end", () => response.end(partial)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forwarder = new Forwarder({ collector, headers: {}, log, flushMs: 60_000 });
  forwarder.push({ path: "/v1/logs", body: new Uint8Array(3) });
  await forwarder.close();
  assert.deepEqual(forwarder.counts, { sent: 1, dropped: 0, queuedBytes: 0, rejectedRows: 3 });
  assert.match(lines.join(""), /did not take all telemetry of a request: too old/);
  server.closeAllConnections();
  server.close();
  const nowMs = Date.UTC(2026, 0, 1);
  const wanted = [null, "", "7", "3600", "x", new Date(nowMs + 9_000).toUTCString(), new Date(0).toUTCString()];
  assert.deepEqual(
    wanted.map((header) => retryAfterMs(header, nowMs)),
    [0, 0, 7_000, 60_000, 0, 9_000, 0],
  );
});
