import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createTlsIdentity } from "@msec/process";
import {
  type CallRecord,
  Code,
  createClient as createOwnClient,
  MethodTable,
  RpcError,
  type ServiceImplementation,
} from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { createGrpcChannel } from "../grpc/create-grpc-channel.ts";
import { listen } from "../listen.ts";
import { catalogService } from "../testing/catalog-service.ts";
import { serveEcho } from "../testing/echo-service.ts";
import { RawConnection, requestFrame } from "../testing/raw-connection.ts";
import { untilReached } from "../testing/until-reached.ts";

interface Way {
  readonly name: string;
  readonly to: (baseUrl: string) => Transport;
  /** Both ways at once: not over HTTP/1.1. */
  readonly isFullDuplex: boolean;
}

const nodeOptions = { rejectUnauthorized: false };
const ways: readonly Way[] = (["1.1", "2"] as const).flatMap((httpVersion) => {
  const isFullDuplex = httpVersion === "2";
  const common = { httpVersion, nodeOptions };
  return [
    {
      name: `Connect ${httpVersion}`,
      to: (baseUrl: string) => createConnectTransport({ ...common, baseUrl }),
      isFullDuplex,
    },
    {
      name: `Connect ${httpVersion} binary`,
      to: (baseUrl: string) => createConnectTransport({ ...common, baseUrl, useBinaryFormat: true }),
      isFullDuplex,
    },
    {
      name: `gRPC-Web ${httpVersion}`,
      to: (baseUrl: string) => createGrpcWebTransport({ ...common, baseUrl }),
      isFullDuplex,
    },
  ];
});
const allWays: readonly Way[] = [
  ...ways,
  { name: "gRPC", to: (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions }), isFullDuplex: true },
  {
    name: "gRPC with JSON messages",
    to: (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions, useBinaryFormat: false }),
    isFullDuplex: true,
  },
];

for (const tls of [false, true]) {
  test(`every protocol calls the same handlers with the same context${tls ? " over TLS" : ""}`, async () => {
    const records: CallRecord[] = [];
    const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
    const { key, certificate } = createTlsIdentity("localhost");
    const options = tls ? { observer, tls: { key, cert: certificate } } : { observer };
    await using server = await serveEcho(options, {
      text(request, context) {
        context.reply.metadata["x-first"] = "1";
        context.reply.trailers["x-last"] = "2";
        server.seen.contexts.push(context);
        if (request.number < 0) {
          throw new RpcError(Code.OutOfRange, "below zero: ☺", {
            details: { messages: [{ type: "echo.EchoMessage", value: Uint8Array.of(10, 0) }] },
          });
        }
        return request;
      },
    });
    for (const { name, to } of allWays) {
      records.length = 0;
      const client = createClient(EchoService, to(`${tls ? "https" : "http"}://127.0.0.1:${server.listener.port}`));
      const seen: string[] = [];
      const answer = await client.text(
        { text: "x".repeat(3_000), number: 5 },
        {
          timeoutMs: 20_000,
          headers: { "x-tenant": "blue", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
          onHeader: (headers) => seen.push(headers.get("x-first") ?? ""),
          onTrailer: (headers) => seen.push(headers.get("x-last") ?? ""),
        },
      );
      assert.equal(answer.text.length, 3_000, name);
      assert.deepEqual(seen, ["1", "2"], name);
      const context = server.seen.contexts.at(-1)!;
      assert.equal(context.metadata["x-tenant"], "blue", name);
      assert.equal(context.requestId, "0af7651916cd43dd8448eb211c80319c", name);
      // A sum of fractions: exact but for the last bits of a float.
      assert.ok(context.remainingMs() > 1_000 && context.remainingMs() <= 20_000 + 1e-6, name);
      await assert.rejects(client.text({ number: -1 }), (error: ConnectError) => {
        assert.equal(error.code, Code.OutOfRange, name);
        assert.equal(error.rawMessage, "below zero: ☺", name);
        assert.deepEqual(
          error.details.map((detail) => "type" in detail && detail.type),
          ["echo.EchoMessage"],
          name,
        );
        return true;
      });
      assert.deepEqual(
        records.map(({ method, code }) => [method, code]),
        [
          ["echo.EchoService.Text", Code.Ok],
          ["echo.EchoService.Text", Code.OutOfRange],
        ],
        name,
      );
      assert.ok(records[0]!.responseBytes >= 3_000 && records[0]!.requestBytes > 0, name);
    }
  });
}

test("every protocol's deadline and cancellation reach the handler", async () => {
  await using server = await serveEcho();
  const { contexts, canceled } = server.seen;
  const allEnded = async () => {
    while (canceled.length < contexts.length) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  for (const { name, to } of allWays) {
    const client = createClient(EchoService, to(`http://127.0.0.1:${server.listener.port}`));
    const before = contexts.length;
    const late = (timeoutMs: number) =>
      assert.rejects(
        client.slow({}, { timeoutMs }),
        (error: ConnectError) => error.code === Code.DeadlineExceeded,
        name,
      );
    await untilReached(40, late, () => contexts.length > before);
    await allEnded();
    const entered = contexts.length;
    const abort = new AbortController();
    const call = client.slow({}, { signal: abort.signal });
    call.catch(() => {});
    await server.entered(entered + 1);
    abort.abort();
    await assert.rejects(call, (error: ConnectError) => error.code === Code.Canceled, name);
    await allEnded();
  }
  server.release();
});

test("streams work over each protocol that has them, and SRPC says which those are", async () => {
  const methods = new MethodTable()
    .add(Health, {
      check: () => ({ status: 1 }),
      async *watch({ service }) {
        for (let status = 0; status < 3; status++) {
          yield { status };
        }
        if (service === "fail") {
          throw new RpcError(Code.DataLoss, "lost");
        }
      },
    })
    .add(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { host } of requests) {
          yield { validHost: host };
        }
      },
    });
  await using listener = await listen({ methods, port: 0 });
  for (const { name, to, isFullDuplex } of allWays) {
    const transport = to(`http://127.0.0.1:${listener.port}`);
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { status } of createClient(Health, transport).watch({ service: "fail" })) {
          seen.push(status);
        }
      },
      (error: ConnectError) => error.code === Code.DataLoss && error.rawMessage === "lost",
      name,
    );
    assert.deepEqual(seen, [0, 1, 2], name);
    if (isFullDuplex) {
      const hosts = async function* () {
        yield { host: "a" };
        yield { host: "b" };
      };
      const echoed: string[] = [];
      for await (const { validHost } of createClient(ServerReflection, transport).serverReflectionInfo(hosts())) {
        echoed.push(validHost);
      }
      assert.deepEqual(echoed, ["a", "b"], name);
    }
  }
  await using raw = await RawConnection.open(listener.port);
  raw.send(requestFrame(1, "grpc.health.v1.Health.Watch", Buffer.alloc(0)));
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.code, Code.Unimplemented);
  assert.match(answer.head.errMsg, /streaming method, which SRPC does not carry; call it by gRPC, gRPC-Web or Connect/);
  const json = await fetch(`http://127.0.0.1:${listener.port}/?methodName=grpc.health.v1.Health.Watch`, {
    method: "POST",
    body: "{}",
  });
  assert.match(
    await json.text(),
    /streaming method, which HTTP\+JSON does not carry; call it by gRPC, gRPC-Web or Connect/,
  );
});

test("what is wrong with a Connect request is said in Connect's shape, and recorded", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await using server = await serveEcho({ observer, limits: { frames: { maxBytes: 2_048 } } });
  const json = "application/json";
  const rows: [path: string, headers: Record<string, string>, body: string | Buffer, status: number, code: string][] = [
    ["Text", { "content-type": json }, '{"number":1', 400, "invalid_argument"],
    ["Text", { "content-type": json }, "[".repeat(2_000), 400, "invalid_argument"],
    ["Text", { "content-type": json }, '{"number":"x"}', 400, "invalid_argument"],
    ["Text", { "content-type": json }, `{"text":"${"x".repeat(3_000)}"}`, 429, "resource_exhausted"],
    [
      "Text",
      { "content-type": json, "content-encoding": "gzip" },
      gzipSync(" ".repeat(100_000)),
      429,
      "resource_exhausted",
    ],
    ["Text", { "content-type": json, "content-encoding": "zstd" }, "{}", 501, "unimplemented"],
    ["Text", { "content-type": json, "connect-timeout-ms": "soon" }, "{}", 400, "invalid_argument"],
    ["Text", { "content-type": json, "connect-protocol-version": "9" }, "{}", 400, "invalid_argument"],
    ["Text", { "content-type": "application/proto" }, "\xff\xff", 400, "invalid_argument"],
    ["Nope", { "content-type": json }, "{}", 404, "unimplemented"],
  ];
  for (const [path, headers, body, status, code] of rows) {
    const url = `http://127.0.0.1:${server.listener.port}/echo.EchoService/${path}`;
    const answer = await fetch(url, { method: "POST", headers, body });
    assert.equal(answer.status, status, `${path} ${JSON.stringify(headers)}`);
    assert.equal(((await answer.json()) as { code: string }).code, code);
  }
  assert.equal(server.seen.contexts.length, 0);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(records.length, rows.length - 1);
});

test("what Connect's protocol refuses of a GET, a version, a stream is refused, each with its reason", async () => {
  const catalog = catalogService();
  const same = (item: unknown) => item;
  const handlers = Object.fromEntries(catalog.methods.map(({ localName }) => [localName, same]));
  const methods = new MethodTable().add(catalog, {
    ...handlers,
    async *watch(item: object) {
      yield item;
    },
  } as unknown as ServiceImplementation<typeof catalog>);
  await using listener = await listen({ methods, port: 0 });
  const stream = { "content-type": "application/connect+json" };
  const envelope = Buffer.from("\0\0\0\0\x02{}");
  const rows: [path: string, init: RequestInit, status: number, body: RegExp][] = [
    ["Get?connect=v1&encoding=json&message=%7B%7D", {}, 200, /^\{\}$/],
    ["Get?encoding=json&base64=1&message=e30", {}, 200, /^\{\}$/],
    ["Get?encoding=json&base64=1&message=e30%3D", {}, 200, /^\{\}$/],
    ["Get?connect=v9&encoding=json&message=%7B%7D", {}, 400, /protocol version \\"9\\" is not spoken/],
    ["Get?message=%7B%7D", {}, 400, /needs encoding=json or encoding=proto in its query, there is none/],
    ["Get?encoding=xml&message=%7B%7D", {}, 400, /needs encoding=json .* found \\"xml\\"/],
    ["Get?encoding=proto", {}, 400, /needs message=/],
    ["Get?encoding=json&base64=1&message=!!!", {}, 400, /is not base64/],
    ["Get?encoding=json&base64=1&message=e3000", {}, 400, /is not base64/],
    ["Get?encoding=json&compression=zstd&message=%7B%7D", {}, 501, /unknown compression/],
    ["Put?encoding=json&message=%7B%7D", {}, 405, /GET is not served here/],
    [
      "Watch",
      { method: "POST", body: envelope, headers: { ...stream, "connect-protocol-version": "9" } },
      200,
      /invalid_argument.*\\"9\\"/,
    ],
    [
      "Watch",
      { method: "POST", body: envelope, headers: { ...stream, "content-encoding": "gzip" } },
      200,
      /unimplemented.*has no content-encoding/,
    ],
    ["Put", { method: "POST", body: "{}", headers: { "content-type": "application/xml" } }, 415, /is not read here/],
  ];
  for (const [path, init, status, body] of rows) {
    const answer = await fetch(`http://127.0.0.1:${listener.port}/catalog.Catalog/${path}`, init);
    assert.match(await answer.text(), body, path);
    assert.equal(answer.status, status, path);
    if (status === 405) assert.equal(answer.headers.get("allow"), "POST");
    if (status === 415) assert.match(answer.headers.get("accept-post") ?? "", /application\/json, application\/proto/);
  }
  const put = await fetch(`http://127.0.0.1:${listener.port}/catalog.Catalog/Get`, { method: "PUT", body: "{}" });
  assert.equal(put.headers.get("allow"), "GET, POST");
});

test("a gRPC channel of ours calls with context, deadline and trace, and tells of refusals", async () => {
  const records: CallRecord[] = [];
  const observer = { onClientCall: (record: CallRecord) => void records.push(record.copy()), onServerCall: () => {} };
  const server = await serveEcho();
  using channel = createGrpcChannel(
    { address: "127.0.0.1", port: server.listener.port },
    { observer, caller: "A.b", peerService: "Echo.echo" },
  );
  const client = createOwnClient(EchoService, channel.call);
  const answer = await client.text({ number: 7, text: "hi" }, { metadata: { "x-tenant": "blue" } });
  assert.equal(answer.text, "hi");
  const context = server.seen.contexts[0]!;
  assert.deepEqual([context.caller, context.metadata["x-tenant"], context.hops], ["A.b", "blue", 0]);
  assert.deepEqual(Buffer.from(context.parentSpanId), Buffer.from(records[0]!.spanId));
  await assert.rejects(client.slow({}, { timeoutMs: 30 }), (error: RpcError) => error.code === Code.DeadlineExceeded);
  server.release();
  await server.listener.close({ graceMs: 0 });
  await assert.rejects(client.text({ number: 1 }), (error: RpcError) => error.code === Code.Unavailable);
  assert.deepEqual(
    records.map(({ code }) => code),
    [Code.Ok, Code.DeadlineExceeded, Code.Unavailable],
  );
});
