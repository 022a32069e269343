import assert from "node:assert/strict";
import { test } from "node:test";
import { channelLimits, defaultChannelLimits, defaultListenerLimits, listenerLimits } from "./limits.ts";

test("what is not named stays at its default, at every level", () => {
  assert.deepEqual(listenerLimits(undefined), defaultListenerLimits);
  assert.deepEqual(channelLimits({}), defaultChannelLimits);
  const limits = listenerLimits({ frames: { maxBytes: 2048 } });
  assert.equal(limits.frames.maxBytes, 2048);
  assert.equal(limits.frames.maxHeadBytes, defaultListenerLimits.frames.maxHeadBytes);
  assert.equal(defaultListenerLimits.frames.maxBytes, 4 * 1024 * 1024);
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
