import assert from "node:assert/strict";
import { GrpcPeer } from "./grpc-peer.ts";
import { patience } from "./patience.ts";
import { Peer, PeerClosedError } from "./peer.ts";
import { field, methodName, request } from "./srpc-bytes.ts";

/*
 * Good peers' calls. That none is held up for long is seen after each row, by the processor's time.
 *
 * On a busy machine it is this program that may not send in time for the short time-outs of the `tight` target, which closes such a connection rightly. A good peer
 * then connects anew, and so do these; where no peer is served they fail after some time.
 */

/** As many calls over SRPC, one after the other on one connection, each answered with what it sent. */
export async function goodCalls(port: number, count: number): Promise<void> {
  const body = field(2, "good");
  let done = 0;
  await untilServed(async () => {
    using peer = await Peer.open(port);
    for (const before = done; done < count; done++) {
      peer.send(request(done, methodName("Echo"), body));
      await peer.until(() => peer.answers.length > done - before, "a good call", 3_000);
      assert.deepEqual(peer.answers.at(-1)!.body, body);
    }
  });
}

/** The same over gRPC. */
export async function goodGrpcCalls(port: number, count: number): Promise<void> {
  let done = 0;
  await untilServed(async () => {
    using peer = new GrpcPeer(port);
    for (; done < count; done++) {
      const { code } = await peer.call("Echo");
      if (code < 0) {
        throw new PeerClosedError("a good call: the connection was closed before the answer");
      }
      assert.equal(code, 0, "a good peer's call");
    }
  });
}

/** Attempt something anew where the connection was closed meanwhile; after some time that is an error. */
export async function untilServed(attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 5_000 * patience;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!(error instanceof PeerClosedError) || performance.now() >= deadline) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
