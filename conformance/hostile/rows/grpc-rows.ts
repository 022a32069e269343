import assert from "node:assert/strict";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { Code } from "@msec/rpc";
import { GrpcPeer, type Http2Answer } from "../grpc-peer.ts";
import { envelope } from "../http2-bytes.ts";
import type { HostileRow } from "../row.ts";
import { field, nested } from "../srpc-bytes.ts";

const mebibyte = 1024 * 1024;

/** One gRPC call that is answered with a code, on a connection that is as good as before. */
const answered = (
  id: string,
  title: string,
  code: Code,
  body: () => Uint8Array,
  options: {
    headers?: Record<string, string>;
    method?: string;
    says?: RegExp;
    check?: (answer: Http2Answer) => void;
  } = {},
): HostileRow => ({
  id,
  title: `gRPC: ${title}`,
  act: async (target) => {
    using peer = new GrpcPeer(target.port);
    const answer = await peer.call(options.method ?? "Echo", body(), options.headers);
    assert.equal(answer.code, code, answer.message);
    assert.match(answer.message, options.says ?? /^/);
    assert.doesNotMatch(answer.message, /\bat .*\.(ts|js):\d|node_modules|node:internal/);
    options.check?.(answer);
    assert.equal((await peer.call("Echo")).code, Code.Ok, "a good call on the same connection");
  },
});

/** One unary Connect call in JSON or with a compressed body, over HTTP/2. */
const connect = (
  id: string,
  title: string,
  code: string,
  body: () => Uint8Array | string,
  headers = {},
): HostileRow => ({
  id,
  title: `Connect: ${title}`,
  act: async (target) => {
    using peer = new GrpcPeer(target.port);
    const type = { "content-type": "application/json", te: undefined, ...headers };
    const answer = await peer.post("/target.Target/Echo", body(), type);
    assert.equal((JSON.parse(answer.body.toString()) as { code?: string }).code ?? "ok", code);
  },
});

const bomb = (): Buffer => gzipSync(field(1, Buffer.alloc(200 * mebibyte)));
const told = (
  check: (told: { metadata: Record<string, string>; hops: number; remainingMs: number | null }) => void,
) => ({
  method: "Tell",
  check: ({ body }: Http2Answer) => check(JSON.parse(body.toString().slice(body.indexOf("{")))),
});

/** gRPC's and Connect's own framing, and what a caller says in headers. */
export const grpcRows: readonly HostileRow[] = [
  answered("R-01f", "a message length of 0xFFFFFFFF, five bytes sent", Code.ResourceExhausted, () =>
    envelope(new Uint8Array(0), 0, 0xffff_ffff),
  ),
  answered("R-01g", "a message length one above the limit", Code.ResourceExhausted, () =>
    envelope(new Uint8Array(0), 0, 4 * mebibyte + 1),
  ),
  answered("R-02e", "the length says 100, 99 come, then the end", Code.InvalidArgument, () =>
    envelope(new Uint8Array(99), 0, 100),
  ),
  answered("R-02f", "half of a prefix", Code.InvalidArgument, () => Buffer.alloc(3)),
  answered("R-02g", "two messages where one belongs", Code.Unimplemented, () =>
    Buffer.concat([envelope(new Uint8Array(0)), envelope(new Uint8Array(0))]),
  ),
  {
    ...answered("R-04a", "200 KB of gzip that become 200 MB", Code.ResourceExhausted, () => envelope(bomb(), 1), {
      headers: { "grpc-encoding": "gzip" },
    }),
    isHeavy: true,
  },
  answered(
    "R-04b",
    "gzip within gzip is unpacked once",
    Code.InvalidArgument,
    () => envelope(gzipSync(gzipSync(field(1, Buffer.alloc(100_000)))), 1),
    { headers: { "grpc-encoding": "gzip" } },
  ),
  answered(
    "R-04c",
    "an encoding that nobody knows, with a list of those that are",
    Code.Unimplemented,
    () => envelope(Buffer.of(1), 1),
    {
      headers: { "grpc-encoding": "zstd" },
      check: ({ headers }) => assert.equal(headers["grpc-accept-encoding"], "identity,gzip,deflate"),
    },
  ),
  answered(
    "R-04d",
    "bytes that are not gzip, as they claim",
    Code.InvalidArgument,
    () => envelope(Buffer.alloc(64, 7), 1),
    {
      headers: { "grpc-encoding": "gzip" },
    },
  ),
  {
    ...answered(
      "R-04e",
      "thirty-two bombs at once on one connection",
      Code.ResourceExhausted,
      () => envelope(bomb(), 1),
      {
        headers: { "grpc-encoding": "gzip" },
      },
    ),
    act: async (target) => {
      using peer = new GrpcPeer(target.port);
      const body = envelope(gzipSync(field(1, Buffer.alloc(20 * mebibyte))), 1);
      const answers = await Promise.all(
        Array.from({ length: 32 }, () => peer.call("Echo", body, { "grpc-encoding": "gzip" })),
      );
      assert.deepEqual(new Set(answers.map(({ code, message }) => `${code} ${message}`)).size, 1, "one answer for all");
      assert.equal(answers[0]!.code, Code.ResourceExhausted);
    },
    isHeavy: true,
  },
  connect(
    "R-04f",
    "200 bytes of brotli that become 200 MB",
    "resource_exhausted",
    () => brotliCompressSync(Buffer.alloc(200 * mebibyte, 0x20), { params: { 1: 1 } }),
    {
      "content-encoding": "br",
    },
  ),
  connect(
    "R-04g",
    "gzip that becomes 200 MB",
    "resource_exhausted",
    () => gzipSync(Buffer.alloc(200 * mebibyte, 0x20)),
    {
      "content-encoding": "gzip",
    },
  ),
  answered("R-05a", "the compressed flag without an encoding", Code.Internal, () => envelope(Buffer.of(1), 1)),
  answered("R-05b", "flags that nobody knows", Code.Internal, () => envelope(new Uint8Array(0), 0x80)),
  answered("R-06e", "messages nested 10,000 deep", Code.InvalidArgument, () => envelope(nested(7, 10_000))),
  answered("R-07p", "a string that reaches past the message", Code.InvalidArgument, () =>
    envelope(Buffer.of(0x12, 0x7f, 0x61)),
  ),
  connect("R-08s", "a name twice in one object", "invalid_argument", () => '{"text":"a","text":"b"}'),
  connect("R-08t", "objects nested 65 deep", "invalid_argument", () => '{"children":['.repeat(33) + "]}".repeat(33)),
  connect(
    "R-08u",
    "a number of three million digits for a 64-bit field",
    "invalid_argument",
    () => `{"big":"${"9".repeat(3_000_000)}"}`,
  ),
  connect(
    "R-08v",
    "__proto__ and constructor as keys",
    "ok",
    () => '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  ),
  ...[
    "/__proto__/toString",
    "/constructor/prototype",
    "/target.Target/__proto__",
    "/target.Target/echo",
    "/target.Target//Echo",
    "/../etc/passwd",
    "/target.Target/Echo%00",
  ].map(
    (path, index): HostileRow => ({
      id: `R-18h${index + 1}`,
      title: `gRPC: path ${path}`,
      act: async (target) => {
        using peer = new GrpcPeer(target.port);
        assert.equal((await peer.post(path, envelope(new Uint8Array(0)))).code, Code.Unimplemented);
      },
    }),
  ),
  answered(
    "R-20p",
    "metadata of the frameworks' own names, and bad base64, do not reach the handler",
    Code.Ok,
    () => envelope(new Uint8Array(0)),
    {
      headers: { "grpc-forged": "1", "msec-caller": "forged", "a-bin": "*", "b-bin": "aGk=", kept: "yes" },
      ...told(({ metadata }) => assert.deepEqual(metadata, { "b-bin": "aGk=", kept: "yes" })),
    },
  ),
  answered("R-20q", "a traceparent that is none counts as absent", Code.Ok, () => envelope(new Uint8Array(0)), {
    headers: { traceparent: "00-00000000000000000000000000000000-0000000000000000-00" },
    method: "Tell",
  }),
  ...[
    "reflection.v1.ServerReflection/ServerReflectionInfo",
    "reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "health.v1.Health/Check",
  ].map(
    (name, index): HostileRow => ({
      id: `R-21${"abc"[index]}`,
      title: `gRPC: grpc.${name} is not served unless it was asked for`,
      only: "default",
      act: async (target) => {
        using peer = new GrpcPeer(target.port);
        assert.equal((await peer.post(`/grpc.${name}`, envelope(new Uint8Array(0)))).code, Code.Unimplemented);
      },
    }),
  ),
  ...["", "1", "S", "-1S", "123456789S", "1.5S", "1 S", "1s"].map((timeout, index) =>
    answered(
      `R-23g${index + 1}`,
      `a timeout of ${JSON.stringify(timeout)} is none`,
      Code.InvalidArgument,
      () => envelope(new Uint8Array(0)),
      {
        headers: { "grpc-timeout": timeout },
      },
    ),
  ),
  answered(
    "R-23h",
    "a timeout of 99999999 hours arms no timer that fires at once",
    Code.Ok,
    () => envelope(new Uint8Array(0)),
    {
      headers: { "grpc-timeout": "99999999H" },
      ...told(({ remainingMs }) => assert.ok(remainingMs! > 1e14)),
    },
  ),
  answered(
    "R-23i",
    "a handler that never ends is answered for at its deadline",
    Code.DeadlineExceeded,
    () => envelope(new Uint8Array(0)),
    {
      headers: { "grpc-timeout": "30m" },
      method: "Hold",
    },
  ),
  answered(
    "R-25d",
    "hops 33: taken for a circle of calls",
    Code.FailedPrecondition,
    () => envelope(new Uint8Array(0)),
    {
      headers: { "msec-hops": "33" },
    },
  ),
  ...[
    ["another Host than :authority", { ":authority": "x", host: "y" }, 400],
    ["a page of another origin", { origin: "http://evil.example" }, 403],
    ["a page of another site", { "sec-fetch-site": "cross-site" }, 403],
    ["an origin that is none", { origin: "null" }, 403],
  ].map(
    ([what, headers, status], index): HostileRow => ({
      id: `R-17g${index + 1}`,
      title: `HTTP/2: ${what}`,
      act: async (target) => {
        using peer = new GrpcPeer(target.port);
        const answer = await peer.call("Echo", undefined, headers as Record<string, string>);
        assert.deepEqual([answer.status, answer.code], [status, -1]);
      },
    }),
  ),
];
