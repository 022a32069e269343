import assert from "node:assert/strict";
import { goodCalls } from "../good-calls.ts";
import { Peer } from "../peer.ts";
import type { HostileRow } from "../row.ts";
import { methodName, request } from "../srpc-bytes.ts";

const path = (method = "Echo") => `/?methodName=${methodName(method)}`;
const post = (headers: string, body: string | Uint8Array, method = "Echo", host = "host: 127.0.0.1\r\n") =>
  Buffer.concat([
    Buffer.from(`POST ${path(method)} HTTP/1.1\r\n${host}${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body as string),
  ]);

const badRequest = (id: string, title: string, bytes: () => Uint8Array | string): HostileRow => ({
  id,
  title,
  sends: bytes,
  expects: { matches: /^HTTP\/1\.1 4\d\d /, closes: true },
});
const head = `POST ${path()} HTTP/1.1\r\nhost: x\r\n`;
const badBody = (id: string, title: string, body: () => string | Uint8Array): HostileRow => ({
  id,
  title,
  sends: () => post("", body()),
  expects: { matches: /^HTTP\/1\.1 200 .*\r\nmsec-code: InvalidArgument\r\n.*"ret":-5/s, closes: false },
});

/** What is refused is told why, by the limit or rule and not by the status alone. */
const told = (id: string, title: string, bytes: () => string, matches: RegExp, closes = true): HostileRow => ({
  id,
  title,
  sends: bytes,
  expects: { matches, closes },
});
const call = "/target.Target/Echo";
const reasons: HostileRow[] = [
  told(
    "R-13t",
    "20 KiB of headers, by the limit",
    () => `${head}x: ${"y".repeat(20_000)}\r\n\r\n`,
    /431[\s\S]*http\.maxHeaderBytes 16384/,
  ),
  told(
    "R-13u",
    "a chunk of no number, by what the parser says",
    () => `${head}transfer-encoding: chunked\r\n\r\nx\r\n`,
    /400[\s\S]*not HTTP\/1\.1 as it should be: \w/,
  ),
  {
    ...told("R-12t", "headers that never end, by the limit", () => `${head}x: y`, /408[\s\S]*http\.headMs 800/),
    withinMs: 3_000,
    only: "tight",
  },
  told(
    "R-14k",
    "a verb of WebDAV is told what is served",
    () => "PROPFIND / HTTP/1.1\r\nhost: x\r\n\r\n",
    /405[\s\S]*PROPFIND is not served here/,
    false,
  ),
  told(
    "R-14l",
    "Connect: a verb that is not served",
    () => `PUT ${call} HTTP/1.1\r\nhost: x\r\n\r\n`,
    /405[\s\S]*PUT is not served here; POST/,
    false,
  ),
  told(
    "R-14m",
    "Connect: a content type that is not read",
    () => `POST ${call} HTTP/1.1\r\nhost: x\r\ncontent-type: text/xml\r\ncontent-length: 0\r\n\r\n`,
    /415[\s\S]*content-type \\"text\/xml\\" is not read here/,
    false,
  ),
];

/** Framing on which two parsers may disagree: refused, connection closed. */
const smuggling: HostileRow[] = [
  badRequest(
    "R-13a",
    "content-length and transfer-encoding",
    () => `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  badRequest(
    "R-13b",
    "two transfer-encodings",
    () => `${head}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n`,
  ),
  badRequest(
    "R-13c",
    "a transfer-encoding that nobody knows",
    () => `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  ),
  badRequest(
    "R-13d",
    "two content-lengths that differ",
    () => `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
  ),
  badRequest(
    "R-13s",
    "a body that is coded beside its chunks",
    () => `${head}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ),
  badRequest("R-13e", "a list of content-lengths", () => `${head}content-length: 2, 2\r\n\r\n{}`),
  badRequest("R-13f", "a content-length with a sign", () => `${head}content-length: +2\r\n\r\n{}`),
  badRequest("R-13g", "a content-length of 2^64", () => `${head}content-length: 18446744073709551616\r\n\r\n{}`),
  badRequest(
    "R-13h",
    "a bare line feed in the headers",
    () => `POST ${path()} HTTP/1.1\nhost: x\ncontent-length: 2\n\n{}`,
  ),
  badRequest("R-13i", "a folded header", () => `${head}a: b\r\n c: d\r\ncontent-length: 2\r\n\r\n{}`),
  badRequest("R-13j", "a space before the colon", () => `${head}content-length : 2\r\n\r\n{}`),
  badRequest(
    "R-13k",
    "a chunk length that overflows",
    () => `${head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}`,
  ),
  badRequest(
    "R-13l",
    "a chunk length that is no number",
    () => `${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  ),
  badRequest(
    "R-13m",
    "20 KiB of chunk extension",
    () => `${head}transfer-encoding: chunked\r\n\r\n2;${"x".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
  ),
  badRequest("R-13n", "20 KiB of headers", () => `${head}x: ${"y".repeat(20_000)}\r\n\r\n`),
  badRequest("R-13o", "101 headers", () => `${head}${"a: b\r\n".repeat(100)}content-length: 2\r\n\r\n{}`),
  badRequest(
    "R-13p",
    "3,000 headers with another Host behind them",
    () => `${head}${"a:\r\n".repeat(3_000)}host: y\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest("R-13q", "NUL in a header", () => `${head}a: b\0c\r\ncontent-length: 2\r\n\r\n{}`),
];

/** Who is asked: R-14 is what Node's parser lets pass. */
const hosts: HostileRow[] = [
  badRequest(
    "R-14a",
    "two Host headers",
    () => `POST ${path()} HTTP/1.1\r\nhost: a\r\nHost: b\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest(
    "R-14b",
    "two Host headers that agree",
    () => `POST ${path()} HTTP/1.1\r\nhost: a\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest(
    "R-14c",
    "an absolute URI that names another host",
    () => `POST http://a${path()} HTTP/1.1\r\nhost: b\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest(
    "R-14d",
    "a request target that is no path",
    () => `POST evil?methodName=${methodName("Echo")} HTTP/1.1\r\nhost: b\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest("R-14e", "an HTTP/0.9 line", () => `GET ${path()}\r\n\r\n`),
  badRequest(
    "R-14f",
    "HTTP/2.0 in an HTTP/1 request",
    () => `POST ${path()} HTTP/2.0\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`,
  ),
  badRequest("R-14g", "HTTP/9.9", () => `POST ${path()} HTTP/9.9\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`),
  {
    id: "R-14h",
    title: "an absolute URI that names the same host is served, as the standard wants",
    sends: () => `POST http://a:1${path()} HTTP/1.1\r\nhost: A:1\r\ncontent-length: 2\r\n\r\n{}`,
    expects: { matches: /^HTTP\/1\.1 200 .*"ret":0/s, closes: false, entered: 1 },
  },
  {
    id: "R-14i",
    title: "CONNECT through us",
    sends: () => "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\n\r\n",
    expects: { closes: true },
  },
  {
    id: "R-14j",
    title: "an upgrade to somebody's protocol is not made",
    sends: () =>
      "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n",
    expects: { matches: /^HTTP\/1\.1 (?!101)/, closes: false },
  },
];

/** A browser, or a server tricked into a request, as the messenger. */
const crossProtocol: HostileRow[] = [
  badBody("R-17a", "a POST whose body is a valid SRPC request", () => request(1, methodName("Echo"))),
  badBody("R-17b", "a POST whose body is a beanstalk command", () => "put 0 0 60 5\r\nhello\r\n"),
  badBody("R-17c", "a POST whose body is RESP", () => "*1\r\n$8\r\nFLUSHALL\r\n"),
  {
    id: "R-17d",
    title: "SRPC behind an HTTP request on the same connection is not run",
    sends: () => Buffer.concat([post("", "{}"), request(1, methodName("Echo"))]),
    expects: { matches: /^HTTP\/1\.1 200 /, closes: true, entered: 1 },
  },
  ...[
    "origin: http://evil.example\r\n",
    "origin: null\r\n",
    "sec-fetch-site: cross-site\r\n",
    "sec-fetch-site: same-site\r\n",
    "origin: http://127.0.0.1:1\r\n",
  ].map(
    (headers, index): HostileRow => ({
      id: `R-17e${index + 1}`,
      title: `a page of another origin calls: ${headers.trim()}`,
      sends: () => post(`${headers}content-type: text/plain\r\n`, "{}"),
      expects: { matches: /^HTTP\/1\.1 403 /, closes: true },
    }),
  ),
  {
    id: "R-17f",
    title: "a page of this very port may call",
    sends: () => post("origin: http://127.0.0.1\r\nsec-fetch-site: same-origin\r\n", "{}"),
    expects: { matches: /^HTTP\/1\.1 200 .*"ret":0/s, closes: false, entered: 1 },
  },
];

/** JSON that hurts parsers, and what it must not leave behind. */
const json: HostileRow[] = [
  badBody("R-08a", "JSON nested 100,000 deep", () => "[".repeat(100_000)),
  badBody("R-08b", "objects nested 65 deep", () => '{"children":['.repeat(33) + "]}".repeat(33)),
  badBody("R-08c", "a number of three million digits", () => `{"number":${"9".repeat(3_000_000)}}`),
  badBody("R-08d", "a number of three million digits for a 64-bit field", () => `{"big":"${"9".repeat(3_000_000)}"}`),
  badBody("R-08e", "1e999", () => '{"ratio":1e999}'),
  badBody("R-08f", "an integer above its field", () => '{"number":2147483648}'),
  badBody("R-08g", "a lone surrogate, escaped", () => '{"text":"\\ud800"}'),
  badBody("R-08h", "a lone surrogate as a map key", () => '{"map":{"\\udc00":"x"}}'),
  badBody("R-08i", "not UTF-8", () => Buffer.concat([Buffer.from('{"text":"'), Buffer.of(0xff), Buffer.from('"}')])),
  badBody("R-08j", "nothing", () => ""),
  badBody("R-08k", "an array where an object belongs", () => "[]"),
  badBody("R-08l", "bytes that are not base64", () => '{"data":"*"}'),
  {
    id: "R-08m",
    title: "five MiB of JSON",
    sends: () => post("", `{"text":"${"x".repeat(5 * 1024 * 1024)}"}`),
    expects: { matches: /msec-code: ResourceExhausted/, closes: true },
  },
  {
    id: "R-08n",
    title: "five MiB of JSON in chunks that announce nothing",
    sends: () => `${head}transfer-encoding: chunked\r\n\r\n${`10000\r\n${"x".repeat(65_536)}\r\n`.repeat(80)}0\r\n\r\n`,
    expects: { matches: /msec-code: ResourceExhausted/, closes: true },
    withinMs: 3_000,
  },
  {
    id: "R-08o",
    title: "__proto__, constructor and prototype as keys change no prototype",
    sends: () =>
      post("", '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"map":{"__proto__":"x"}}'),
    expects: { matches: /^HTTP\/1\.1 200 .*"ret":0/s, closes: false, entered: 1 },
  },
  badBody("R-08q", "a name twice in one object", () => '{"text":"a","text":"b"}'),
  badBody(
    "R-08r",
    "a name twice in an inner object, once escaped",
    () => '{"children":[{"text":"a","\\u0074ext":"b"}]}',
  ),
  {
    id: "R-08p",
    title: "escaped characters in pairs are no lone surrogates, nor is an escaped backslash before a u",
    sends: () => post("", '{"text":"\\ud83d\\ude00 \\\\ud800"}'),
    expects: { matches: /"ret":0/, closes: false, entered: 1 },
  },
];

/** Names, times and the rest. */
const others: HostileRow[] = [
  ...["__proto__", "constructor", "toString", "..%2F..%2Fetc%2Fpasswd", "%00", "%E0%A4%A", "target.Target.echo"].map(
    (name, index): HostileRow => ({
      id: `R-18g${index + 1}`,
      title: `methodName=${name}`,
      sends: () => `POST /?methodName=${name} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`,
      expects: { matches: /msec-code: Unimplemented\r\n.*"ret":-6/s, closes: false },
    }),
  ),
  badRequest(
    "R-18h",
    "a methodName of 64 KiB",
    () => `POST /?methodName=${"m".repeat(65_536)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  ),
  {
    id: "R-20m",
    title: "headers in the framework's name: hops that are no number count as none, no user is taken from them",
    sends: () => post("msec-hops: NaN\r\nmsec-caller: root\r\ntraceparent: 00-zz-zz-00\r\n", "{}", "Tell"),
    expects: { matches: /\\"hops\\":0/, closes: false, entered: 1 },
    check: (peer) => assert.ok(!peer.received.includes("root")),
  },
  {
    id: "R-25c",
    title: "a circle of calls over HTTP+JSON is stopped as well",
    sends: () => post("msec-hops: 33\r\n", "{}"),
    expects: { matches: /msec-code: FailedPrecondition/, closes: false },
  },
  {
    id: "R-12n",
    title: "5,000 times the page of methods, unread: made once, and held once",
    act: async (target) => {
      const before = await target.state();
      using peer = await Peer.open(target.port);
      peer.socket.pause();
      peer.send("GET /list HTTP/1.1\r\nhost: x\r\n\r\n".repeat(5_000));
      await goodCalls(target.port, 20);
      const { rss } = await target.state();
      assert.ok(rss < before.rss + 64 * 1024 * 1024, `${rss - before.rss} bytes more`);
    },
  },
  {
    id: "R-12b",
    title: "slowloris: header bytes now and then",
    drips: { bytes: () => `${head}x: ${"y".repeat(10_000)}`, everyMs: 20 },
    expects: { closes: true },
    withinMs: 3_000,
    only: "tight",
  },
  {
    id: "R-12c",
    title: "a body byte now and then",
    drips: { bytes: () => `${head}content-length: 10000\r\n\r\n${" ".repeat(10_000)}`, everyMs: 10 },
    expects: { closes: true },
    withinMs: 5_000,
    only: "tight",
  },
];

/** HTTP/1.1 and the JSON in it. */
export const httpRows: readonly HostileRow[] = [
  ...smuggling,
  ...reasons,
  ...hosts,
  ...crossProtocol,
  ...json,
  ...others,
];
