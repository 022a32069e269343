import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Code } from "@msec/rpc";
import { patience } from "../patience.ts";
import { type Answer, readAnswers } from "../peer.ts";
import type { HostileRow } from "../row.ts";
import { field, frame, head, methodName, request } from "../srpc-bytes.ts";
import type { TargetProcess } from "../target/target-process.ts";

/** A sender of datagrams of any kind. */
class UdpPeer implements AsyncDisposable {
  readonly datagrams: Buffer[] = [];
  readonly #socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on("message", (bytes) => this.datagrams.push(bytes));
    this.#socket.on("error", () => {});
  }

  /** As many as asked for, few at a time: what a full buffer drops is nobody's doing. */
  async send(count: number, of: (index: number) => Uint8Array): Promise<void> {
    for (let i = 0; i < count; i++) {
      const sent = Promise.withResolvers<void>();
      this.#socket.send(of(i), this.#port, "127.0.0.1", () => sent.resolve());
      if (i % 16 === 15 || i === count - 1) {
        await sent.promise;
      }
    }
  }

  get answers(): Answer[] {
    return this.datagrams.flatMap((bytes) => readAnswers(bytes));
  }

  /** The answer to a good call, sent again now and then: datagrams may be lost. */
  async goodCall(): Promise<void> {
    const sequence = 900_000_000 + Math.floor(Math.random() * 1_000_000);
    await this.until(
      () => this.answers.some((answer) => Number(answer.sequence) === sequence && answer.code === Code.Ok),
      "a good call over UDP",
      () => this.send(1, () => request(sequence)),
    );
  }

  async until(holds: () => boolean | Promise<boolean>, what: string, again?: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + 5_000 * patience;
    for (let turn = 0; !(await holds()); turn++) {
      assert.ok(performance.now() < deadline, what);
      if (turn % 25 === 0) {
        await again?.();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}

const udp = (id: string, title: string, act: (peer: UdpPeer, target: TargetProcess) => Promise<void>): HostileRow => ({
  id,
  title: `UDP: ${title}`,
  only: "default",
  act: async (target) => {
    await using peer = new UdpPeer(target.port);
    await act(peer, target);
    await peer.goodCall();
  },
});

const good = request(1);
/** What is no request, so that nobody is answered: whoever is named as its sender may never have sent it. */
const unanswerable: readonly Uint8Array[] = [
  new Uint8Array(0),
  Buffer.of(0x28),
  Buffer.alloc(65_507, 0x28),
  Buffer.alloc(1_000),
  good.subarray(0, good.length - 1),
  Buffer.concat([good.subarray(0, good.length - 1), Buffer.of(0)]),
  Buffer.from("POST /?methodName=target.Target.Echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"),
  Buffer.from("stats\r\n"),
  frame(field(51, methodName("Echo"))),
  frame(Buffer.concat([head(1), field(40, 1)])),
  frame(Buffer.concat([head(1), field(103, 5)])),
  frame(Buffer.concat([head(1), field(108, 2)])),
  frame(Buffer.concat([field(10, 1), field(51, ""), field(107, 1)])),
];

/** SRPC over UDP, whose senders can be forged. */
export const udpRows: readonly HostileRow[] = [
  udp(
    "R-26a",
    "20,000 datagrams that are no requests, answers among them: nobody is answered",
    async (peer, target) => {
      const { entered } = await target.state();
      await peer.send(20_000, (index) => unanswerable[index % unanswerable.length]!);
      assert.equal((await target.state()).entered, entered);
      assert.equal(peer.datagrams.length, 0);
    },
  ),
  udp("R-26b", "60 bytes that ask for a megabyte: an error, shorter than 300 bytes", async (peer) => {
    const ask = () => peer.send(1, () => request(7, methodName("Grow"), field(3, 1_000_000)));
    await peer.until(() => peer.answers.length > 0, "an answer", ask);
    assert.equal(peer.answers[0]!.code, Code.ResourceExhausted);
    assert.ok(peer.datagrams.every(({ length }) => length < 300));
  }),
  udp("R-26c", "the largest datagram that there is comes back whole", async (peer) => {
    const body = field(1, Buffer.alloc(65_507 - 120));
    await peer.until(
      () => peer.answers.some((answer) => answer.body.length === body.length),
      "an answer",
      () => peer.send(1, () => request(8, methodName("Echo"), body)),
    );
  }),
  udp(
    "R-26d",
    "handlers that wait, for callers that are gone or were never there: they end in time",
    async (peer, target) => {
      const before = await target.state();
      await peer.send(500, (index) =>
        request(index + 1, methodName("Hold"), undefined, { timeoutMs: index % 2 === 0 ? 0 : 0xffff_ffff }),
      );
      let entered = 0;
      await peer.until(async () => {
        const now = await target.state();
        entered = now.entered - before.entered;
        return entered > 0 && now.canceled - before.canceled === entered;
      }, "every handler that was entered hears of its end");
      await peer.until(() => peer.answers.length > 0, "answers");
      assert.ok(peer.answers.every(({ code }) => code === Code.DeadlineExceeded));
    },
  ),
];
