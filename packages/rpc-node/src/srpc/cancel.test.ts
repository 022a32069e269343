import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Code, createClient, type RpcError } from "@msec/rpc";
import {
  beginFrame,
  encodeCancelHead,
  encodeResponseHead,
  endFrame,
  endHead,
  type FrameSpan,
  HeadDecoder,
  HeadFeature,
  RpcHead,
  Writer,
} from "@msec/wire";
import { EchoService } from "../../gen/echo_pb.js";
import { createChannel } from "../channel/create-channel.ts";
import { callEcho, serveEcho } from "../testing/echo-service.ts";
import { type RawAnswer, RawConnection, requestFrame } from "../testing/raw-connection.ts";
import { FrameInput } from "./frame-input.ts";

const limits = { maxHeadBytes: 65_536, maxFrameBytes: 1 << 20 };
const trace = { trace: new Uint8Array(24).fill(1) };

function cancelFrame(sequence: number): Uint8Array {
  const writer = new Writer();
  const frame = beginFrame(writer);
  encodeCancelHead(writer, sequence);
  endFrame(writer, frame, endHead(writer, frame), limits);
  return writer.copy();
}

test("a cancellation ends the call that it names and no other; nothing answers it", async () => {
  await using echo = await serveEcho();
  await using raw = await RawConnection.open(echo.listener.port);
  raw.send(requestFrame(1, "echo.EchoService.Slow", new Uint8Array(0), trace));
  raw.send(requestFrame(2, "echo.EchoService.Slow", new Uint8Array(0), trace));
  await echo.entered(2);
  raw.send(cancelFrame(1));
  raw.send(cancelFrame(77));
  raw.send(requestFrame(3, "echo.EchoService.Text", new Uint8Array(0), trace));
  const [third] = await raw.answers(1);
  assert.equal(third?.head.sequence, 3);
  assert.deepEqual(
    echo.seen.canceled.map((reason) => (reason as RpcError).message),
    ["the caller gave the call up"],
  );
  // Both handlers end; only the second still has a caller.
  echo.release();
  const answers = await raw.answers(2);
  assert.equal(answers[1]?.head.sequence, 2);
  raw.send(requestFrame(4, "echo.EchoService.Text", new Uint8Array(0), trace));
  assert.equal((await raw.answers(3))[2]?.head.sequence, 4);
});

test("the first answer says that cancellations are understood, to peers that send a traceparent", async () => {
  await using echo = await serveEcho();
  for (const [fields, expected] of [
    [trace, [HeadFeature.Cancel, 0]],
    [{}, [0, 0]],
  ] as const) {
    await using raw = await RawConnection.open(echo.listener.port);
    raw.send(requestFrame(1, "echo.EchoService.Nobody", new Uint8Array(0), fields));
    raw.send(requestFrame(2, "echo.EchoService.Text", new Uint8Array(0), fields));
    const answers = await raw.answers(2);
    assert.deepEqual(
      answers.map(({ head }) => head.features),
      expected,
    );
  }
});

// As the original's server: knows no field above 60, answers an unknown method, the empty one too, with -6, and never says what it understands.
async function originalServer() {
  const heads: RpcHead[] = [];
  const sockets = new Set<Socket>();
  let arrived = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const onFrame = (bytes: Uint8Array, span: FrameSpan) => {
      const head = new RpcHead();
      new HeadDecoder().decodeRequest(bytes, span.headStart, span.headEnd, head);
      heads.push(head);
      if (head.method.text !== "echo.EchoService.Slow") {
        const writer = new Writer();
        const frame = beginFrame(writer);
        encodeResponseHead(writer, head, head.method.text === "" ? { err: -6, errMsg: "invalid method name" } : {});
        const body = endHead(writer, frame);
        writer.raw(bytes.subarray(span.bodyStart, span.bodyEnd));
        endFrame(writer, frame, body, limits);
        socket.write(writer.copy());
      }
      arrived.resolve();
      arrived = Promise.withResolvers();
    };
    const input = new FrameInput({ onFrame, onBadFrame: () => socket.destroy() }, limits);
    socket.on("data", (chunk: Buffer) => input.push(chunk, chunk.length, 0));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    heads,
    port: (server.address() as { port: number }).port,
    async until(count: number) {
      while (heads.length < count) await arrived.promise;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("an original server gets a cancellation at most before its first answer, and the connection goes on", async () => {
  await using server = await originalServer();
  await using channel = createChannel({ address: "127.0.0.1", port: server.port });
  const client = createClient(EchoService, channel.call);
  const giveUpSlow = async (count: number) => {
    const giveUp = new AbortController();
    const call = assert.rejects(client.slow({}, { signal: giveUp.signal }), { code: Code.Canceled });
    await server.until(count);
    giveUp.abort();
    await call;
  };
  await giveUpSlow(1);
  await server.until(2);
  assert.deepEqual([server.heads[1]?.cancel, server.heads[1]?.sequence], [1, server.heads[0]?.sequence]);
  // Its answer to that is for nobody.
  await client.text({ number: 1 });
  assert.equal(channel.ignoredAnswers, 1);
  await giveUpSlow(4);
  await client.text({ number: 1 });
  assert.deepEqual(
    server.heads.map(({ cancel }) => cancel),
    [0, 1, 0, 0, 0],
  );
});

test("a call that was given up by its caller ends in the handler, one whose time is over needs no word", async () => {
  await using echo = await serveEcho();
  await using caller = callEcho(echo.listener);
  await caller.client.text({ number: 1 });
  const giveUp = new AbortController();
  const call = assert.rejects(caller.client.slow({}, { signal: giveUp.signal }), { code: Code.Canceled });
  await echo.entered(2);
  giveUp.abort();
  await call;
  // The connection is in order: what is answered after it was read after it.
  await caller.client.text({ number: 1 });
  assert.equal((echo.seen.canceled[0] as RpcError).code, Code.Canceled);
  echo.release();
  await caller.client.text({ number: 1 });
  assert.equal(caller.channel.ignoredAnswers, 0);
});

test("a call that waited in the queue past its deadline, or past what the service allows, is answered without being run", async () => {
  let runs = 0;
  await using echo = await serveEcho(
    { overload: { maxWaitMs: 60 } },
    {
      text: (request) => {
        runs++;
        const endMs = performance.now() + request.number;
        while (performance.now() < endMs);
        return request;
      },
    },
  );
  await using raw = await RawConnection.open(echo.listener.port);
  // `number`, field 2 of the request: how many milliseconds its handler keeps the process.
  const [blocking, quick] = [Uint8Array.of(0x10, 100), Uint8Array.of(0x10, 0)];
  let answers: RawAnswer[] = [];
  // A machine that stops for 60 ms between reading and running makes another of it: the first is refused as well.
  for (let round = 0; round < 50 && runs !== 1; round++) {
    runs = 0;
    raw.send(
      Buffer.concat([
        requestFrame(3 * round + 1, "echo.EchoService.Text", blocking),
        requestFrame(3 * round + 2, "echo.EchoService.Text", quick, { timeoutMs: 20 }),
        requestFrame(3 * round + 3, "echo.EchoService.Text", quick),
      ]),
    );
    answers = (await raw.answers(3 * round + 3)).slice(3 * round);
  }
  assert.deepEqual(
    answers.map(({ head }) => head.code),
    [Code.Ok, Code.DeadlineExceeded, Code.ResourceExhausted],
  );
  assert.equal(runs, 1);
  assert.deepEqual(JSON.parse(Buffer.from(answers[2]!.head.details!).toString()), {
    notExecuted: true,
    retryAfterMs: 100,
  });
});
