import assert from "node:assert/strict";
import { test } from "node:test";
import { currentContext, runInContext } from "./call-context.ts";
import { Code } from "./code.ts";
import { RpcError } from "./rpc-error.ts";
import { ServedCall } from "./served-call.ts";
import { hexFromBytes, traceIdFromFlowId } from "./trace-parent.ts";

class PlainCall extends ServedCall {
  respond(): number {
    return 0;
  }
  respondError(): void {}
}

function arrive(deadline = Number.POSITIVE_INFINITY): PlainCall {
  const peer = { address: "127.0.0.1:1", certificate: undefined };
  return new PlainCall({
    method: "a.B.c",
    caller: "",
    peer,
    receivedMs: 0,
    deadline,
    metadata: undefined,
    requestBytes: 0,
  });
}

test("a request without ids begins a trace of its own, with no parent", () => {
  const calls = Array.from({ length: 1000 }, () => arrive());
  assert.equal(new Set(calls.map((call) => call.requestId)).size, 1000);
  assert.equal(new Set(calls.map((call) => hexFromBytes(call.spanId))).size, 1000);
  assert.ok(calls.every((call) => call.parentSpanId.every((byte) => byte === 0)));
});

test("a request with a trace joins it as a child with a span of its own", () => {
  const call = arrive();
  const traceId = new Uint8Array(16).fill(7);
  const spanId = new Uint8Array(8).fill(9);
  call.joinTrace(traceId, spanId, true);
  assert.deepEqual(call.traceId, traceId);
  assert.deepEqual(call.parentSpanId, spanId);
  assert.notDeepEqual(call.spanId, spanId);
  assert.equal(call.requestId, "07".repeat(16));
});

test("a request with only a flow_id gets the trace id with that low half and a zero high half", () => {
  const call = arrive();
  call.joinFlow(0x89abcdef | 0, 0x01234567);
  assert.deepEqual(call.traceId, traceIdFromFlowId(0x0123456789abcdefn));
});

test("cancellation reaches signal and listeners, early and late ones, once", () => {
  const call = arrive();
  const reason = new RpcError(Code.Canceled, "gone");
  const heard: unknown[] = [];
  const { signal } = call;
  call.onCancel((why) => heard.push(["early", why]));
  call.onCancel((why) => heard.push(["stopped", why]))();
  call.cancel(reason);
  call.cancel(new RpcError(Code.Internal, "again"));
  call.onCancel((why) => heard.push(["late", why]));
  assert.equal(signal.reason, reason);
  assert.equal(arriveCanceled(reason).signal.aborted, true);
  assert.deepEqual(heard, [
    ["early", reason],
    ["late", reason],
  ]);
});

function arriveCanceled(reason: RpcError): ServedCall {
  const call = arrive();
  call.cancel(reason);
  return call;
}

test("the remaining time shrinks and never gets negative", () => {
  assert.equal(arrive().remainingMs(), Number.POSITIVE_INFINITY);
  assert.equal(arrive(performance.now() - 5).remainingMs(), 0);
  const left = arrive(performance.now() + 1000).remainingMs();
  // A sum of fractions: exact but for the last bits of a float.
  assert.ok(left > 0 && left <= 1000 + 1e-6);
});

test("the context is there through awaits and in every branch of Promise.all, and nowhere else", async () => {
  const call = arrive();
  const seen = await runInContext(
    call,
    async () => {
      const branch = async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return currentContext();
      };
      return Promise.all([branch(), branch(), Promise.resolve().then(() => currentContext())]);
    },
    undefined,
    undefined,
  );
  assert.deepEqual(
    seen.map((context) => context === call),
    [true, true, true],
  );
  assert.equal(currentContext(), undefined);
});
