import assert from "node:assert/strict";
import { test } from "node:test";
import {
  channelLimits,
  defaultChannelLimits,
  defaultListenerLimits,
  listenerLimits,
  listenerLimitsFromNames,
} from "./limits.ts";

test("what is not named stays at its default, at every level", () => {
  assert.deepEqual(listenerLimits(undefined), defaultListenerLimits);
  assert.deepEqual(channelLimits({}), defaultChannelLimits);
  const limits = listenerLimits({ frames: { maxBytes: 2048 } });
  assert.equal(limits.frames.maxBytes, 2048);
  assert.equal(limits.frames.maxHeadBytes, defaultListenerLimits.frames.maxHeadBytes);
  assert.equal(defaultListenerLimits.frames.maxBytes, 4 * 1024 * 1024);
});

test("limits are found by the names that messages call them by", () => {
  assert.deepEqual(listenerLimits(listenerLimitsFromNames({ "frames.maxBytes": 2048, "http.headMs": 50 })), {
    ...defaultListenerLimits,
    frames: { ...defaultListenerLimits.frames, maxBytes: 2048 },
    http: { ...defaultListenerLimits.http, headMs: 50 },
  });
  for (const name of ["frames", "frames.maxByte", "frames.maxBytes.x", "__proto__.x", "frames.constructor", "x"]) {
    assert.throws(() => listenerLimitsFromNames({ [name]: 2048 }), /does not exist; known are connections.max, /, name);
  }
  assert.throws(() => listenerLimitsFromNames({ "frames.maxBytes": 1 }), /limits.frames.maxBytes 1 must be/);
});

test("a peer may have a quarter of all connections, unless it is said", () => {
  assert.equal(listenerLimits({ connections: { max: 10 } }).connections.maxPerPeer, 3);
  assert.equal(listenerLimits({ connections: { max: 10, maxPerPeer: 7 } }).connections.maxPerPeer, 7);
});

test("numbers out of range and names that do not exist are said by their path", () => {
  assert.throws(
    () => listenerLimits({ frames: { maxBytes: 0 } }),
    /limits.frames.maxBytes 0 must be an integer in 1024…268435456/,
  );
  assert.throws(() => listenerLimits({ connections: { idleMs: 1.5 } }), /limits.connections.idleMs 1.5/);
  assert.throws(() => channelLimits({ timeoutMs: Number.POSITIVE_INFINITY }), /limits.timeoutMs Infinity/);
  assert.throws(
    () => listenerLimits({ frame: {} } as never),
    /limits.frame does not exist; known are connections, frames, calls, http, http2, unsent/,
  );
  assert.throws(() => listenerLimits({ frames: 5 } as never), /limits.frames must be an object/);
  assert.throws(() => listenerLimits(JSON.parse('{"__proto__": {"x": 1}}')), RangeError);
});
