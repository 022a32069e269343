import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code } from "@msec/rpc";
import { type EchoServer, serveEcho } from "./testing/echo-service.ts";
import { RawConnection } from "./testing/raw-connection.ts";

/** SlowRequest without fields but an unknown one of so many bytes, as gRPC's message. */
function large(bytes: number, announced = bytes): Buffer {
  const message = Buffer.concat([
    Buffer.of(0x1a, 0x80 | (announced & 0x7f), 0x80 | ((announced >> 7) & 0x7f), announced >> 14),
    Buffer.alloc(bytes, 0x61),
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length + announced - bytes, 1);
  return Buffer.concat([prefix, message]);
}

const small = Buffer.from("0000000000", "hex");
const waitOne = Buffer.from("00000000020801", "hex");

class Grpc implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  constructor(server: EchoServer) {
    this.session = connect(`http://127.0.0.1:${server.listener.port}`);
    this.session.on("error", () => {});
  }

  open(method: string, headers: Record<string, string> = {}) {
    const stream = this.session.request({
      ":method": "POST",
      ":path": `/echo.EchoService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const status = Promise.withResolvers<number>();
    const take = (found: Record<string, unknown>) => {
      if (found["grpc-status"] !== undefined) status.resolve(Number(found["grpc-status"]));
    };
    stream
      .on("response", take)
      .on("trailers", take)
      .on("error", () => {})
      .on("close", () => status.resolve(-1));
    stream.resume();
    return { stream, status: status.promise };
  }

  call(method: string, body: Buffer, headers?: Record<string, string>): Promise<number> {
    const { stream, status } = this.open(method, headers);
    stream.end(body);
    return status;
  }

  /** Everything sent until now was looked at by the server. */
  async ping(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => this.session.ping(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
  }
}

test("requests over HTTP/2 that take too much memory wait until one is answered, whether they came whole or not", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytesPerConnection: 300_000 } } });
  await using client = new Grpc(echo);
  // The first answer of a method tells how large its answers are; before it they are taken for large.
  assert.equal(await client.call("Slow", waitOne), 0);
  const calls: Promise<number>[] = [];
  for (const bytes of [100_000, 250_000, 200]) {
    calls.push(client.call("Slow", large(bytes)));
    await client.ping();
  }
  await echo.entered(2);
  assert.equal(echo.listener.inFlight, 1, "the second does not fit, and the third does not overtake it");
  echo.release();
  await echo.entered(4);
  echo.release();
  assert.deepEqual(await Promise.all(calls), [0, 0, 0]);
});

test("a call that waits for room is not run when it was given up, nor when its deadline has passed", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytesPerConnection: 1_024 } } });
  await using client = new Grpc(echo);
  assert.equal(await client.call("Slow", waitOne), 0);
  const first = client.call("Slow", large(900));
  await echo.entered(2);
  const given = client.open("Slow");
  given.stream.end(large(900));
  const late = client.call("Slow", large(900), { "grpc-timeout": "1m" });
  await client.ping();
  given.stream.close(8);
  await once(given.stream, "close");
  await client.ping();
  // On a quick machine all of this takes less than the millisecond that the third has.
  await delay(10);
  echo.release();
  assert.deepEqual(await Promise.all([first, late]), [0, Code.DeadlineExceeded]);
  assert.equal(echo.seen.contexts.length, 2);
});

test("bodies that are still coming are refused when those of all connections take too much, and give back what they took", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxBytes: 8_192 } } });
  await using holder = new Grpc(echo);
  await using other = new Grpc(echo);
  const held = holder.open("Text");
  held.stream.write(large(8_000, 100_000));
  await holder.ping();
  const refused = other.open("Text");
  refused.stream.write(large(4_000, 100_000));
  assert.equal(await refused.status, Code.ResourceExhausted);
  held.stream.close(8);
  await once(held.stream, "close");
  await holder.ping();
  const next = other.open("Text");
  next.stream.write(large(4_000, 100_000).subarray(0, 4_000));
  await other.ping();
  next.stream.end(large(4_000, 100_000).subarray(4_000));
  assert.equal(await next.status, Code.InvalidArgument, "it ends inside its message, and was read so far");
});

test("HTTP/2 clients are told how many calls a connection may have", async () => {
  await using echo = await serveEcho({ limits: { calls: { maxPerConnection: 7 } } });
  await using client = new Grpc(echo);
  assert.equal(await client.call("Echo", small), 0);
  assert.equal(client.session.remoteSettings.maxConcurrentStreams, 7);
});

const post = (method: string, body: string) =>
  `POST /?methodName=echo.EchoService.${method} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

for (const [what, limits, body] of [
  ["calls.maxPerConnection", { maxPerConnection: 2 }, "{}"],
  ["calls.maxBytesPerConnection", { maxBytesPerConnection: 2_400 }, JSON.stringify({ text: "x".repeat(1_000) })],
] as const) {
  test(`requests pipelined over HTTP/1.1 wait at ${what}`, async () => {
    await using echo = await serveEcho({ limits: { calls: limits } });
    await using connection = await RawConnection.open(echo.listener.port);
    connection.send(post("Slow", '{"waitMs":1}'));
    await connection.text(/"ret":0/);
    connection.send(post("Slow", body).repeat(3));
    await echo.entered(3);
    // Another connection is served meanwhile, which also gives the first one time to go on if it would.
    await using other = await RawConnection.open(echo.listener.port);
    other.send(post("Text", '{"number":1}'));
    await other.text(/"ret":0/);
    assert.equal(echo.listener.inFlight, 2);
    echo.release();
    await echo.entered(5);
    echo.release();
    await connection.text(/("ret":0.*){4}/s);
  });
}

test("a handler hears that its HTTP/2 connection broke, also the last one", async () => {
  await using echo = await serveEcho();
  const client = new Grpc(echo);
  void client.call("Slow", small);
  void client.call("Slow", small);
  await echo.entered(2);
  client.session.destroy();
  const { contexts, canceled } = echo.seen;
  await Promise.all(contexts.map((context) => new Promise<unknown>((resolve) => context.onCancel(resolve))));
  assert.equal(canceled.length, 2);
});
