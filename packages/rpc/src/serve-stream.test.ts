import assert from "node:assert/strict";
import { test } from "node:test";
import { CallServer } from "./call-server.ts";
import type { ServedStream } from "./method-table.ts";
import { serveStream } from "./serve-stream.ts";
import { ServedCall } from "./served-call.ts";

class StreamCall extends ServedCall {
  constructor() {
    super({
      method: "a.B.c",
      caller: "",
      peer: { address: "", certificate: undefined },
      receivedMs: 0,
      deadline: Number.POSITIVE_INFINITY,
      metadata: undefined,
      requestBytes: 0,
    });
  }
  respond(): number {
    return 0;
  }
  respondError(): void {}
}

test("a stream whose caller goes away while a response is waited for ends once, and others go on", async () => {
  const calls = new CallServer({ maxInFlight: 10 });
  const released = Promise.withResolvers<void>();
  const handle = async function* () {
    await released.promise;
    yield {};
  };
  const method = { name: "a.B.c", handle } as unknown as ServedStream;
  const streams = [new StreamCall(), new StreamCall(), new StreamCall()].map((call) =>
    serveStream(calls, call, method, {}, () => 0),
  );
  const waits = streams.map((stream) => stream.next());
  await streams[0]!.return!();
  await assert.rejects(waits[0]!, /the caller went away/);
  released.resolve();
  await Promise.all(waits.slice(1));
  for (const stream of streams.slice(1)) await stream.next();
  // Nothing is left to wait for: by the next turn all have been counted out.
  await new Promise(setImmediate);
  assert.equal(calls.inFlight, 0);
});
