import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { createFileRegistry, type DescService, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { certificateFingerprint, createTlsIdentity } from "@msec/process";
import { freePort } from "@msec/process/testing";
import { type CallContext, type CallRecord, Code, MethodTable, RpcError, runInContext } from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { type ListenerOptions, listen } from "../listen.ts";
import { serveEcho } from "../testing/echo-service.ts";
import { untilReached } from "../testing/until-reached.ts";
import { createGrpcChannel, type GrpcChannelOptions } from "./create-grpc-channel.ts";

const field = { name: "value", number: 1, type: "TYPE_INT32", label: "LABEL_OPTIONAL" };
const pad = { name: "pad", number: 2, type: "TYPE_BYTES", label: "LABEL_OPTIONAL" };
const kinds = { Up: [false, true], Sum: [true, false], Double: [true, true], Same: [false, false] } as const;
const numbers: DescService = createFileRegistry(
  fromJson(FileDescriptorSetSchema, {
    file: [
      {
        name: "numbers.proto",
        package: "numbers",
        syntax: "proto3",
        messageType: [{ name: "Number", field: [field, pad] }],
        service: [
          {
            name: "Numbers",
            method: Object.entries(kinds).map(([name, [clientStreaming, serverStreaming]]) => {
              return {
                name,
                inputType: ".numbers.Number",
                outputType: ".numbers.Number",
                clientStreaming,
                serverStreaming,
              };
            }),
          },
        ],
      },
    ],
  }),
).getService("numbers.Numbers")!;

interface Value {
  readonly value: number;
  readonly pad?: Uint8Array;
}

/** What the generated types of `numbers` would be. */
interface NumbersClient {
  same(request: Value, options?: object): Promise<Value>;
  up(request: Value, options?: object): AsyncGenerator<Value>;
  sum(requests: AsyncIterable<Value> | Iterable<Value>, options?: object): Promise<Value>;
  double(requests: AsyncIterable<Value> | Iterable<Value>, options?: object): AsyncGenerator<Value>;
}

interface Seen {
  contexts: CallContext[];
  sent: number;
  /** Ends when a handler's stream ended for any reason. */
  over: Promise<void>;
}

/** `Up` counts from a value without end, 100 KB each; `Sum` adds up; `Double` doubles each. */
async function serveNumbers(options: Partial<ListenerOptions> = {}, channelOptions: GrpcChannelOptions = {}) {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const seen: Seen = { contexts: [], sent: 0, over };
  const methods = new MethodTable().add(numbers, {
    same: ({ value }: Value) => ({ value, pad: new Uint8Array(1_000) }),
    async *up(request: Value, context: CallContext) {
      seen.contexts.push(context);
      try {
        for (let value = request.value; ; value++) {
          yield { value, pad: new Uint8Array(100_000) };
          seen.sent++;
        }
      } finally {
        resolve();
      }
    },
    async sum(requests: AsyncIterable<Value>, context: CallContext) {
      seen.contexts.push(context);
      let total = 0;
      for await (const { value } of requests) {
        if (value < 0) {
          throw new RpcError(Code.OutOfRange, "below nothing");
        }
        total += value;
      }
      context.reply.metadata["x-of"] = "sum";
      context.reply.trailers["x-end"] = "yes";
      return { value: total };
    },
    async *double(requests: AsyncIterable<Value>, context: CallContext) {
      seen.contexts.push(context);
      for await (const { value } of requests) {
        yield { value: value * 2 };
      }
    },
  } as never);
  const listener = await listen({ methods, port: 0, ...options });
  const records: CallRecord[] = [];
  const observer = { onClientCall: (record: CallRecord) => void records.push(record.copy()), onServerCall: () => {} };
  const channel = createGrpcChannel({ address: "127.0.0.1", port: listener.port }, { observer, ...channelOptions });
  return {
    seen,
    records,
    client: channel.client(numbers) as unknown as NumbersClient,
    [Symbol.asyncDispose]: async () => {
      channel.close();
      await listener.close({ graceMs: 0 });
    },
  };
}

const hasCode = (code: Code) => (error: unknown) => {
  assert.ok(error instanceof RpcError);
  assert.equal(error.code, code, error.message);
  return true;
};

test("a record says what went over the wire, and how long the call waited until it did", async () => {
  await using server = await serveNumbers();
  const { client, records } = server;
  await client.same({ value: 1, pad: new Uint8Array(300) });
  await client.sum([{ value: 1 }, { value: 2 }]);
  const [same, sum] = records;
  // Of one message its fields: a number, and bytes behind two or three of tag and length. Of a stream five bytes more for each.
  assert.deepEqual([same?.requestBytes, same?.responseBytes], [2 + 303, 2 + 1_003]);
  assert.deepEqual([sum?.requestBytes, sum?.responseBytes], [2 * 7, 7]);
  assert.ok(same!.queueUs > 0 && same!.queueUs <= same!.durationUs, "the first one waits for the connection");
});

test("calls stream to the server, from it and both ways, with metadata, and each is recorded once", async () => {
  await using server = await serveNumbers();
  const { client, seen, records } = server;
  const replies: unknown[] = [];
  const options = { metadata: { "x-tenant": "blue" }, onReply: (reply: unknown) => replies.push(reply) };
  assert.equal((await client.sum([{ value: 1 }, { value: 2 }], options)).value, 3);
  assert.equal(seen.contexts[0]?.metadata["x-tenant"], "blue");
  assert.deepEqual(
    replies.map((reply) => ({ ...(reply as object) })),
    [{ "x-of": "sum", "x-end": "yes" }],
  );
  const doubled: number[] = [];
  async function* source() {
    // Each request is asked for when the answer to the one before has come: both ways at once.
    for (let value = 1; value < 4; value++) {
      yield { value };
    }
  }
  for await (const { value } of client.double(source())) {
    doubled.push(value);
  }
  assert.deepEqual(doubled, [2, 4, 6]);
  await assert.rejects(client.sum([{ value: -1 }]), hasCode(Code.OutOfRange));
  assert.deepEqual(
    records.map(({ method, code }) => [method, code]),
    [
      ["numbers.Numbers.Sum", Code.Ok],
      ["numbers.Numbers.Double", Code.Ok],
      ["numbers.Numbers.Sum", Code.OutOfRange],
    ],
  );
});

test("a stream that nobody reads on stops its sender, and who stops taking gives the call up", async () => {
  await using server = await serveNumbers();
  const { client, seen, records } = server;
  for await (const { value } of client.up({ value: 5 })) {
    if (value === 7) {
      break;
    }
  }
  await seen.over;
  assert.ok(seen.sent < 200, `${seen.sent} answers of 100 KB were sent to a caller that took three`);
  assert.deepEqual(
    records.map(({ code }) => code),
    [Code.Canceled],
  );
});

test("a stream ends at its deadline and with its signal, and the request being served lends both", async () => {
  await using server = await serveNumbers();
  const { client, seen } = server;
  const last = async (answers: AsyncIterable<Value>) => {
    for await (const _ of answers);
  };
  let ended = 0;
  async function* silence() {
    try {
      yield { value: 1 };
      await once(new AbortController().signal, "abort").catch(() => {});
    } finally {
      ended++;
    }
  }
  const late = (timeoutMs: number) =>
    assert.rejects(last(client.double(silence(), { timeoutMs })), hasCode(Code.DeadlineExceeded));
  await untilReached(30, late, () => seen.contexts.length > 0);
  const cancel = new AbortController();
  const answers = client.up({ value: 1 }, { signal: cancel.signal });
  await answers.next();
  cancel.abort();
  await assert.rejects(last(answers), hasCode(Code.Canceled));
  await seen.over;
  const context = seen.contexts[0]!;
  assert.ok(context.remainingMs() <= 0, "the first call's deadline has passed");
  await assert.rejects(
    runInContext(context, () => client.sum([]), undefined, undefined),
    hasCode(Code.DeadlineExceeded),
  );
  assert.equal(ended, 0, "a source that waits for something else is left alone");
});

test("what a source of requests throws is told as its fault, and ends the call", async () => {
  await using server = await serveNumbers();
  async function* broken(): AsyncGenerator<Value> {
    yield { value: 1 };
    throw new TypeError("no more numbers");
  }
  await assert.rejects(server.client.sum(broken() as never), (error: RpcError) => {
    assert.deepEqual([error.code, error.message], [Code.Internal, "the source of requests failed: no more numbers"]);
    return true;
  });
});

const identity = (name: string) => {
  const { key, certificate } = createTlsIdentity(name);
  return { key, cert: certificate, fingerprint: certificateFingerprint(certificate) };
};
const [own, peer, stranger] = [identity("localhost"), identity("client"), identity("stranger")];

test("over TLS the server is checked by pin or by chain and name before a byte of a call, and the client shows who it is", async () => {
  const verify = (fingerprint: string) => fingerprint === peer.fingerprint;
  await using echo = await serveEcho({ tls: { ...own, requestCert: true, verify } });
  const { port } = echo.listener;
  const good = { key: peer.key, cert: peer.cert };
  const pin = { verify: (fingerprint: string) => fingerprint === own.fingerprint };
  for (const tls of [
    { ...good, ...pin },
    { ...good, ca: own.cert, serverName: "localhost" },
  ]) {
    using channel = createGrpcChannel({ address: "127.0.0.1", port }, { tls });
    const client = channel.client(EchoService);
    const answers = await Promise.all([1, 2, 3].map((number) => client.text({ number })));
    assert.deepEqual(
      answers.map(({ number }) => number),
      [1, 2, 3],
    );
    assert.equal(echo.seen.contexts.at(-1)?.peerCertificate, peer.fingerprint);
  }
  const entered = echo.seen.contexts.length;
  for (const [tls, code, notSent] of [
    [{ ...good, verify: () => false }, Code.Unauthenticated, true],
    [{ ...good, ca: own.cert, serverName: "elsewhere" }, Code.Unavailable, true],
    [good, Code.Unavailable, true],
    [{ key: stranger.key, cert: stranger.cert, ...pin }, Code.PermissionDenied, undefined],
  ] as const) {
    using channel = createGrpcChannel({ address: "127.0.0.1", port }, { tls });
    await assert.rejects(channel.client(EchoService).text({ number: 1 }), (error: RpcError) => {
      assert.equal(error.code, code, error.message);
      assert.equal(error.details.notSent, notSent, error.message);
      if (!notSent) assert.match(error.message, /certificate is none of those that are let in/);
      return true;
    });
  }
  assert.equal(echo.seen.contexts.length, entered);
});

test("a channel connects again after its server went, and says what was not sent", async () => {
  const port = await freePort();
  const first = await serveEcho({ port });
  using channel = createGrpcChannel({ address: "127.0.0.1", port });
  const client = channel.client(EchoService);
  await client.text({ number: 1 });
  await first.listener.close({ graceMs: 0 });
  await assert.rejects(client.text({ number: 2 }), (error: RpcError) => {
    assert.deepEqual([error.code, error.details.notSent], [Code.Unavailable, true]);
    return true;
  });
  await using second = await serveEcho({ port });
  assert.equal((await client.text({ number: 3 })).number, 3);
  assert.equal(second.seen.contexts.length, 1);
  const running = client.slow({});
  await second.entered(2);
  channel.close();
  await assert.rejects(running, (error: RpcError) => {
    assert.deepEqual([error.code, error.details.notSent], [Code.Canceled, undefined], error.message);
    return true;
  });
  await assert.rejects(client.text({ number: 4 }), hasCode(Code.Canceled));
});

test("a server that never finishes its handshake is given up after connectTimeoutMs", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  using channel = createGrpcChannel({ address: "127.0.0.1", port }, { tls: {}, connectTimeoutMs: 30 });
  await assert.rejects(channel.client(EchoService).text({ number: 1 }), (error: RpcError) => {
    assert.match(error.message, /not connected within connectTimeoutMs 30/);
    return error.code === Code.Unavailable && error.details.notSent === true;
  });
  for (const socket of sockets) {
    socket.destroy();
  }
  server.close();
});

// Node tells the call before the connection; without a listener that stays, the connection's own error ended the process.
test("a channel that is closed as soon as a call failed, of a server that speaks something else, ends no process", async () => {
  await using stranger = await serveBytes("HTTP/1.1 400 Bad Request\r\n\r\n");
  for (let i = 0; i < 5; i++) {
    const channel = createGrpcChannel({ address: "127.0.0.1", port: stranger.port });
    await assert.rejects(channel.call(EchoService.method.text, { number: 1 }), RpcError);
    // An uncaught exception would fail this file.
    await channel.close();
  }
});

/** A server that answers whatever comes with the same bytes. */
async function serveBytes(text: string): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.write(text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
