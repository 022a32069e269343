import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { CallRecord } from "@msec/rpc";
import { Code, RpcError } from "@msec/rpc";
import { type EchoServer, serveEcho } from "../testing/echo-service.ts";
import { RawConnection } from "../testing/raw-connection.ts";
import { untilReached } from "../testing/until-reached.ts";

interface Answer {
  readonly headers: Record<string, unknown>;
  /** Of the trailers, or of the headers where there is nothing else. */
  readonly status: number;
  readonly message: string;
  readonly body: Buffer;
}

/** A plain HTTP/2 client, so that what is sent is what the test says. */
class H2 implements AsyncDisposable {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on("error", () => {});
  }

  open(method: string, headers: Record<string, string> = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ":method": "POST",
      ":path": `/echo.EchoService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    stream.on("error", () => {});
    return stream;
  }

  async call(method: string, body: Buffer, headers?: Record<string, string>): Promise<Answer> {
    const stream = this.open(method, headers);
    const answer = readAnswer(stream);
    stream.end(body);
    return await answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
  }
}

async function readAnswer(stream: ClientHttp2Stream): Promise<Answer> {
  let headers: Record<string, unknown> = {};
  let trailers: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  stream.on("response", (found) => {
    headers = found;
  });
  stream.on("trailers", (found) => {
    trailers = found;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(stream, "close");
  const from = trailers["grpc-status"] === undefined ? headers : trailers;
  return {
    headers,
    status: Number(from["grpc-status"] ?? -1),
    message: decodeURIComponent(String(from["grpc-message"] ?? "")),
    body: Buffer.concat(chunks),
  };
}

function envelope(message: Buffer, flags = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

// EchoMessage { message: "hello" }
const hello = Buffer.from("0a0568656c6c6f", "hex");

async function withServer(
  options: Parameters<typeof serveEcho>[0],
  run: (client: H2, server: EchoServer) => Promise<void>,
  handlers?: Parameters<typeof serveEcho>[1],
): Promise<void> {
  await using server = await serveEcho(options, handlers);
  await using client = new H2(server.listener.port);
  await run(client, server);
}

test("a unary call is answered with its message and status 0, whichever way its bytes are cut", async () => {
  await withServer({}, async (client) => {
    const whole = envelope(hello);
    assert.deepEqual((await client.call("Echo", whole)).body, whole);
    const stream = client.open("Echo");
    const answer = readAnswer(stream);
    for (const byte of whole) {
      stream.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    stream.end();
    const { status, body } = await answer;
    assert.equal(status, 0);
    assert.deepEqual(body, whole);
  });
});

test("hostile framing is refused with the code that gRPC has for it, and the connection goes on", async () => {
  await withServer({ limits: { frames: { maxBytes: 2_048 } } }, async (client, server) => {
    const bomb = gzipSync(Buffer.concat([Buffer.from("0a80a40d", "hex"), Buffer.alloc(217_600)]));
    const deep = Buffer.alloc(1_000, 0x0b);
    const rows: [string, Buffer, Record<string, string>, number, RegExp][] = [
      [
        "length above the limit",
        envelope(hello, 0, 0xffff_ffff),
        {},
        Code.ResourceExhausted,
        /frames.maxBytes 2048|maxBytes is 2048/,
      ],
      ["ends inside the message", envelope(hello, 0, 100), {}, Code.InvalidArgument, /ended inside a message/],
      ["no message", Buffer.alloc(0), {}, Code.Unimplemented, /none came/],
      [
        "two messages",
        Buffer.concat([envelope(hello), envelope(hello)]),
        {},
        Code.Unimplemented,
        /more came|ended inside/,
      ],
      ["compressed without an encoding", envelope(hello, 1), {}, Code.Internal, /no grpc-encoding/],
      ["unknown flags", envelope(hello, 7), {}, Code.Internal, /flags 7/],
      [
        "unknown encoding",
        envelope(hello, 1),
        { "grpc-encoding": "zstd" },
        Code.Unimplemented,
        /accepted are identity,gzip/,
      ],
      [
        "__proto__ as encoding",
        envelope(hello, 1),
        { "grpc-encoding": "__proto__" },
        Code.Unimplemented,
        /accepted are/,
      ],
      ["gzip bomb", envelope(bomb, 1), { "grpc-encoding": "gzip" }, Code.ResourceExhausted, /decompressed/],
      ["not gzip", envelope(hello, 1), { "grpc-encoding": "gzip" }, Code.InvalidArgument, /not gzip/],
      ["not the message", envelope(Buffer.from("0aff", "hex")), {}, Code.InvalidArgument, /not a echo.EchoMessage/],
      ["groups nested deep", envelope(deep), {}, Code.InvalidArgument, /not a echo.EchoMessage/],
      ["bad timeout", envelope(hello), { "grpc-timeout": "1 day" }, Code.InvalidArgument, /no timeout/],
      ["timeout of zero", envelope(hello), { "grpc-timeout": "0n" }, Code.DeadlineExceeded, /before the handler ran/],
    ];
    for (const [name, body, headers, code, text] of rows) {
      const answer = await client.call("Echo", body, headers);
      assert.equal(answer.status, code, `${name}: ${answer.message}`);
      assert.match(answer.message, text, name);
      assert.equal(answer.headers["grpc-accept-encoding"], "identity,gzip,deflate");
    }
    assert.equal(server.seen.contexts.length, 0);
    assert.equal((await client.call("Echo", envelope(hello))).status, 0);
  });
});

test("paths that are no method are Unimplemented, and telemetry hears no invented names", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await withServer({ observer }, async (client) => {
    for (const path of [
      "/echo.EchoService/__proto__",
      "/",
      "//",
      "/toString",
      "/a/b/c",
      "/../x",
      `/${"x".repeat(8000)}/y`,
    ]) {
      assert.equal((await client.call("", envelope(hello), { ":path": path })).status, Code.Unimplemented, path);
    }
    assert.equal((await client.call("Nope", envelope(hello))).status, Code.Unimplemented);
    assert.ok(records.length === 8 && records.every(({ method }) => method === ""));
  });
});

test("a gzip request is read; an answer is compressed only where the handler says so and the caller takes it", async () => {
  await withServer(
    {},
    async (client) => {
      const zipped = envelope(gzipSync(hello), 1);
      const plain = await client.call("Echo", zipped, { "grpc-encoding": "gzip" });
      assert.deepEqual([plain.status, plain.body[0]], [0, 0]);
      const answer = await client.call("Echo", zipped, { "grpc-encoding": "gzip", "grpc-accept-encoding": "br,gzip" });
      assert.deepEqual([answer.status, answer.body[0], answer.headers["grpc-encoding"]], [0, 1, "gzip"]);
    },
    {
      echo(request, context) {
        context.reply.compress = true;
        return request;
      },
    },
  );
});

test("handlers see deadline, metadata, trace, caller and hops; what is no metadata is left out", async () => {
  await withServer({}, async (client, server) => {
    await client.call("Echo", envelope(hello), {
      "grpc-timeout": "20S",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      caller: "Travel.web",
      "msec-hops": "3",
      "x-tenant": "blue",
      "x-key-bin": "q6ur",
      "x-bad-bin": "not base64!",
      "msec-forged": "1",
      "grpc-forged": "1",
    });
    const [context] = server.seen.contexts;
    assert.ok(context);
    // A sum of fractions: exact but for the last bits of a float.
    assert.ok(context.remainingMs() > 0 && context.remainingMs() <= 20_000 + 1e-6);
    assert.equal(context.requestId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(context.caller, "Travel.web");
    assert.equal(context.hops, 3);
    assert.deepEqual({ ...context.metadata }, { "x-tenant": "blue", "x-key-bin": "q6ur" });
  });
});

test("the deadline answers and cancels a handler that does not end; a reset cancels it too", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await withServer({ observer }, async (client, server) => {
    const late = async (timeoutMs: number) => {
      const answer = await client.call("Slow", envelope(Buffer.alloc(0)), { "grpc-timeout": `${timeoutMs}m` });
      assert.equal(answer.status, Code.DeadlineExceeded);
    };
    await untilReached(30, late, () => server.seen.contexts.length > 0);
    assert.equal((server.seen.canceled[0] as RpcError).code, Code.DeadlineExceeded);
    records.splice(0, records.length - 1);
    const stream = client.open("Slow");
    stream.end(envelope(Buffer.alloc(0)));
    await server.entered(2);
    stream.close(constants.NGHTTP2_CANCEL);
    while (server.seen.canceled.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal((server.seen.canceled[1] as RpcError).code, Code.Canceled);
    assert.deepEqual(
      records.map(({ code }) => code),
      [Code.DeadlineExceeded, Code.Canceled],
    );
    // Both still run, as far as their handlers go.
    assert.equal(server.listener.inFlight, 2);
    server.release();
  });
});

test("errors carry code, message with any character, and details; metadata goes back in headers and trailers", async () => {
  const text = "no\tflight ✈\n100 %";
  await withServer(
    {},
    async (client) => {
      const { status, message, headers } = await client.call("Echo", envelope(hello));
      assert.deepEqual([status, message], [Code.NotFound, text]);
      assert.equal(headers["x-left"], "12");
      assert.equal(headers["x-split"], undefined);
      const details = Buffer.from(String(headers["grpc-status-details-bin"]), "base64").toString("latin1");
      assert.match(details, /type.googleapis.com\/echo.EchoMessage/);
      assert.ok(details.endsWith(hello.toString("latin1")));
    },
    {
      echo(_request, context) {
        context.reply.trailers["x-left"] = "12";
        context.reply.trailers["x-split"] = "a\r\nset-cookie: b";
        context.reply.metadata["grpc-status"] = "0";
        throw new RpcError(Code.NotFound, text, {
          details: { messages: [{ type: "echo.EchoMessage", value: hello }] },
        });
      },
    },
  );
});

test("a client that gives up calls without end is sent away; handlers that ran for it are cancelled", async () => {
  await withServer(
    { limits: { http2: { resetBurst: 20, resetsPerSecond: 1, maxStreams: 100 } } },
    async (client, server) => {
      const goaway = new Promise((resolve) => client.session.on("goaway", resolve));
      const closed = new Promise((resolve) => client.session.on("close", resolve));
      for (let i = 0; i < 60 && !client.session.destroyed; i++) {
        const stream = client.open("Slow");
        stream.end(envelope(Buffer.alloc(0)));
        await new Promise((resolve) => setTimeout(resolve, 2));
        stream.close(constants.NGHTTP2_CANCEL);
      }
      await goaway;
      await closed;
      await using next = new H2(server.listener.port);
      assert.equal((await next.call("Echo", envelope(hello))).status, 0);
      assert.ok(server.seen.contexts.length < 40, "no handler runs for what comes after the burst");
      assert.equal(server.seen.canceled.length, server.seen.contexts.length - 1);
      server.release();
    },
  );
});

test("closing finishes what runs, refuses what comes late as not executed, and says GOAWAY", async () => {
  await withServer({}, async (client, server) => {
    const running = client.open("Slow");
    const answer = readAnswer(running);
    running.end(envelope(Buffer.alloc(0)));
    await server.entered(1);
    const goaway = once(client.session, "goaway");
    const closing = server.listener.close({ graceMs: 20_000 });
    await goaway;
    server.release();
    assert.equal((await answer).status, 0);
    await closing;
  });
});

test("an h2 connection that sends no settings, and one that is idle, are closed", async () => {
  await withServer({ limits: { connections: { idleMs: 100 } } }, async (client) => {
    const closed = once(client.session, "close");
    await client.call("Echo", envelope(hello));
    await closed;
  });
  await using server = await serveEcho({ limits: { connections: { firstByteMs: 100 } } });
  await using raw = await RawConnection.open(server.listener.port);
  raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await raw.end();
});
