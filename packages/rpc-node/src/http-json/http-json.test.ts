import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type CallRecord, Code, RpcError } from "@msec/rpc";
import { type EchoServer, serveEcho } from "../testing/echo-service.ts";
import { RawConnection } from "../testing/raw-connection.ts";
import { callHttpJson } from "./call-http-json.ts";

const text = "echo.EchoService.Text";

function post(server: EchoServer, path: string, body: string | ReadableStream, headers: Record<string, string> = {}) {
  return fetch(`http://127.0.0.1:${server.listener.port}${path}`, {
    method: "POST",
    body,
    headers: { connection: "close", ...headers },
    ...(typeof body === "string" ? {} : { duplex: "half" }),
  } as RequestInit);
}

test("any path with methodName is answered in the original's form, with any content type", async () => {
  await using server = await serveEcho();
  for (const contentType of [
    "application/json",
    "Application/JSON",
    "aplication/json",
    "text/plain",
    "application/x-www-form-urlencoded",
  ]) {
    for (const path of [
      `/?methodName=${text}`,
      `/invoke?seq=1&methodName=${text}&param=x`,
      `/a/b/c?methodName=${text}`,
    ]) {
      const response = await post(server, path, '{"text":"a","number":4,"someItems":["x"]}', {
        "content-type": contentType,
      });
      assert.equal(response.status, 200);
      assert.equal(
        await response.text(),
        '{"ret":0, "errmsg":"", "resultObj": {"text":"a","number":4,"some_items":["x"]}}',
      );
      assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
      assert.equal(response.headers.get("msec-code"), null);
      assert.match(response.headers.get("msec-request-id") ?? "", /^[0-9a-f]{32}$/);
    }
  }
  assert.equal(server.seen.contexts[0]?.caller, "http.json");
});

test("no content type, a chunked body, and a body that comes after the header are fine", async () => {
  await using server = await serveEcho();
  const { port } = server.listener;
  const request = httpRequest({ port, host: "127.0.0.1", method: "POST", path: `/?methodName=${text}`, agent: false });
  request.flushHeaders();
  request.write('{"nu');
  await new Promise((resolve) => setTimeout(resolve, 20));
  request.end('mber":7}');
  const [response] = await once(request, "response");
  let answer = "";
  for await (const chunk of response) {
    answer += chunk;
  }
  assert.match(answer, /"number":7/);
});

test("bytes are base64, 64-bit integers and unset fields as protobuf's JSON has them", async () => {
  await using server = await serveEcho();
  const response = await post(server, "/?methodName=echo.EchoService.Echo", '{"message":"aGVsbG8="}');
  assert.deepEqual(await response.json(), { ret: 0, errmsg: "", resultObj: { message: "aGVsbG8=" } });
});

test("failures are 200 with ret and errmsg and without resultObj", async () => {
  await using server = await serveEcho(
    { limits: { frames: { maxBytes: 2048 } } },
    {
      slow: () => {
        throw new RpcError(Code.NotFound, 'no "such" thing');
      },
    },
  );
  const deep = `{"text":${"[".repeat(100)}${"]".repeat(100)}}`;
  const cases: [string, string, number, string, RegExp][] = [
    [`/?methodName=${text}x`, "{}", -6, "Unimplemented", /no method/],
    ["/?methodName=__proto__", "{}", -6, "Unimplemented", /no method/],
    ["/", "{}", -6, "Unimplemented", /has no methodName/],
    [`/?methodName=${text}`, "", -5, "InvalidArgument", /empty/],
    [`/?methodName=${text}`, "{", -5, "InvalidArgument", /not JSON/],
    [`/?methodName=${text}`, '{"number":"x"}', -5, "InvalidArgument", /not a echo.TextMessage/],
    [`/?methodName=${text}`, deep, -5, "InvalidArgument", /deeper than 64/],
    [`/?methodName=${text}`, "x".repeat(3000), -9, "ResourceExhausted", /frames.maxBytes 2048/],
    ["/?methodName=echo.EchoService.Slow", "{}", -18, "NotFound", /no "such" thing/],
  ];
  for (const [path, body, ret, code, message] of cases) {
    const response = await post(server, path, body);
    const answer = (await response.json()) as { ret: number; errmsg: string };
    assert.equal(response.status, 200, path);
    assert.equal(answer.ret, ret, `${path} ${body.slice(0, 50)}`);
    assert.match(answer.errmsg, message);
    assert.ok(!("resultObj" in answer));
    assert.equal(response.headers.get("msec-code"), code);
  }
});

test("__proto__ and constructor in a body touch no prototype", async () => {
  await using server = await serveEcho();
  const body = '{"number":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const response = await post(server, `/?methodName=${text}`, body);
  assert.equal(((await response.json()) as { ret: number }).ret, 0);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test("other methods get 405 and a hint", async () => {
  await using server = await serveEcho();
  for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
    const response = await fetch(`http://127.0.0.1:${server.listener.port}/list`, {
      method,
      headers: { connection: "close" },
    });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "POST");
    assert.match(
      ((await response.json()) as { errmsg: string }).errmsg,
      /POST a JSON body to any path with \?methodName=/,
    );
  }
  assert.equal(server.seen.contexts.length, 0);
});

test("caller and traceparent headers are taken over, and the call is observed", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await using server = await serveEcho({ observer });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const response = await post(server, `/?methodName=${text}`, '{"number":1}', { caller: "Web.page", traceparent });
  assert.equal(response.headers.get("msec-request-id"), "0af7651916cd43dd8448eb211c80319c");
  const [context] = server.seen.contexts;
  assert.equal(context?.caller, "Web.page");
  assert.equal(Buffer.from(context.parentSpanId).toString("hex"), "b7ad6b7169203331");
  assert.deepEqual([records[0]?.method, records[0]?.peerService, records[0]?.requestBytes], [text, "Web.page", 12]);
});

test("headers and bodies that never end are closed, smuggling is refused", async () => {
  await using server = await serveEcho({ limits: { frames: { completeMs: 300 } } });
  const slow = [
    `POST /?methodName=${text} HTTP/1.1\r\nhost: x\r\n`,
    `POST /?methodName=${text} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{`,
  ];
  for (const start of slow) {
    await using raw = await RawConnection.open(server.listener.port);
    raw.send(start);
    await raw.end();
  }
  const head = `POST /?methodName=${text} HTTP/1.1\r\nhost: x\r\n`;
  for (const bad of [
    "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
    "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    `x: ${"y".repeat(20_000)}\r\n\r\n`,
  ]) {
    await using raw = await RawConnection.open(server.listener.port);
    raw.send(head + bad);
    await raw.end();
    assert.match(raw.received.toString(), /^HTTP\/1\.1 4\d\d /);
  }
  assert.equal(server.seen.contexts.length, 0);
});

test("requests that are pipelined on one connection are answered in order", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  const one = (number: number) =>
    `POST /?methodName=${text} HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\n\r\n{"number":${number}}`;
  raw.send(one(1) + one(2) + one(3));
  while ((raw.received.toString().match(/resultObj/g) ?? []).length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(raw.received.toString().match(/"number":\d/g), ['"number":1', '"number":2', '"number":3']);
});

test("a caller that goes away cancels its handler", async () => {
  await using server = await serveEcho();
  const raw = await RawConnection.open(server.listener.port);
  raw.send('POST /?methodName=echo.EchoService.Slow HTTP/1.1\r\nhost: x\r\ncontent-length: 13\r\n\r\n{"text":"aa"}');
  await server.entered(1);
  const [context] = server.seen.contexts;
  const aborted = new Promise((resolve) => context?.signal.addEventListener("abort", resolve));
  raw.socket.destroy();
  await aborted;
  assert.equal((context!.signal.reason as RpcError).code, Code.Canceled);
  server.release();
});

test("callHttpJson gives result and request id, and the service's failure with both", async () => {
  await using server = await serveEcho();
  const target = { address: "127.0.0.1", port: server.listener.port };
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const result = await callHttpJson(target, { method: text, json: { number: 1 }, traceparent, caller: "Cli.msec" });
  assert.deepEqual(result, {
    resultObj: { number: 1, some_items: [] },
    requestId: "0af7651916cd43dd8448eb211c80319c",
  });
  assert.equal(server.seen.contexts[0]?.caller, "Cli.msec");
  await assert.rejects(callHttpJson(target, { method: "no.Such.Method", json: "{}" }), (error: RpcError) => {
    assert.equal(error.code, Code.Unimplemented);
    assert.equal(error.details.ret, -6);
    assert.match(String(error.details.requestId), /^[0-9a-f]{32}$/);
    return true;
  });
});

test("callHttpJson waits for a connection, TLS included, no longer than it is told, and says that nothing was sent", async () => {
  const silent = createTcpServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const target = { address: "127.0.0.1", port: (silent.address() as { port: number }).port };
  const call = { method: text, json: {}, tls: { verify: () => true } };
  await assert.rejects(callHttpJson(target, { ...call, timeoutMs: 60_000, connectTimeoutMs: 30 }), {
    code: Code.Unavailable,
    details: { notSent: true },
  });
  await assert.rejects(callHttpJson(target, { ...call, timeoutMs: 30 }), { code: Code.DeadlineExceeded });
  silent.close();
  await once(silent, "close");
});

test("callHttpJson says what went wrong with the connection, the time, or the answer", async () => {
  await using server = await serveEcho();
  const target = { address: "127.0.0.1", port: server.listener.port };
  const method = "echo.EchoService.Slow";
  const code = (expected: Code, details: object) => (error: RpcError) => {
    assert.deepEqual([error.code, { ...error.details }], [expected, details], error.message);
    return true;
  };
  await assert.rejects(callHttpJson(target, { method, json: {}, timeoutMs: 30 }), code(Code.DeadlineExceeded, {}));
  await assert.rejects(
    callHttpJson(target, { method, json: {}, signal: AbortSignal.abort() }),
    code(Code.Canceled, {}),
  );
  server.release();
  const other = createServer((_request, response) => response.end("<html>")).listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  await assert.rejects(callHttpJson({ address: "127.0.0.1", port }, { method, json: {} }), code(Code.Internal, {}));
  await new Promise((resolve) => other.close(resolve));
  await assert.rejects(
    callHttpJson({ address: "127.0.0.1", port }, { method, json: {} }),
    code(Code.Unavailable, { notSent: true }),
  );
});

test("over HTTP/2, which is what browsers and curl speak where there is TLS, it is the same", async () => {
  const records: CallRecord[] = [];
  await using server = await serveEcho({
    listPage: true,
    serviceName: "Echo.echo",
    observer: { onServerCall: (record) => void records.push(record.copy()), onClientCall: () => {} },
  });
  await using client = http2Client(server.listener.port);
  const form = { ":method": "POST", "content-type": "application/x-www-form-urlencoded" };
  const path = `/any?methodName=${text}`;
  const good = await client.ask({ ...form, ":path": path }, '{"text":"é","number":4}');
  assert.deepEqual(
    [good.headers[":status"], good.headers["content-type"], good.headers["msec-code"], good.body],
    [
      200,
      "application/json; charset=utf-8",
      undefined,
      '{"ret":0, "errmsg":"", "resultObj": {"text":"é","number":4,"some_items":[]}}',
    ],
  );
  assert.match(String(good.headers["msec-request-id"]), /^[0-9a-f]{32}$/);
  assert.deepEqual(
    [server.seen.contexts[0]!.caller, Object.keys(server.seen.contexts[0]!.metadata)],
    ["http.json", []],
  );
  const refused: readonly (readonly [Record<string, string>, string, string, RegExp])[] = [
    [{ ":path": path }, "{", "InvalidArgument", /^{"ret":-5, "errmsg":"the body cannot be read: it is not JSON"}$/],
    [{ ":path": path }, "", "InvalidArgument", /"ret":-5.*it is empty/],
    [{ ":path": "/?methodName=no.such.Method" }, "{}", "Unimplemented", /"ret":-6.*no method .* in Echo.echo/],
    [{ ":path": "/" }, "{}", "Unimplemented", /"ret":-6.*the URL has no methodName/],
    [{ ":path": path, "connect-timeout-ms": "-1" }, "{}", "InvalidArgument", /"ret":-5.*the time limit/],
    [{ ":path": path, "msec-hops": "33" }, "{}", "FailedPrecondition", /calls.maxHops is 32/],
    [{ ":path": path, "content-encoding": "gzip" }, "{}", "InvalidArgument", /content-encoding \\"gzip\\" is not read/],
    [{ ":path": path }, `{"text":"${"x".repeat(5 * 1024 * 1024)}"}`, "ResourceExhausted", /frames.maxBytes/],
  ];
  for (const [headers, body, code, says] of refused) {
    const answer = await client.ask({ ...form, ...headers }, body);
    assert.deepEqual([answer.headers[":status"], answer.headers["msec-code"]], [200, code], answer.body);
    assert.match(answer.body, says);
  }
  assert.equal(server.seen.contexts.length, 1);
  assert.deepEqual(
    records.map(({ code }) => code),
    [Code.Ok, ...refused.map(([, , name]) => Code[name as keyof typeof Code])],
  );
  const page = await client.ask({ ":method": "GET", ":path": "/list" });
  assert.equal(page.headers[":status"], 200);
  assert.match(page.body, /<title>Echo\.echo/);
  const visit = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  assert.equal((await client.ask({ ":method": "GET", ":path": "/list", ...visit })).headers[":status"], 200);
  assert.equal((await client.ask({ ...form, ":path": path, ...visit }, "{}")).headers[":status"], 403);
  const other = await client.ask({ ":method": "PUT", ":path": path }, "{}");
  assert.deepEqual([other.headers[":status"], other.headers.allow], [405, "POST"]);
});

test("a body in a content-encoding is refused by the encoding's name, not for what its bytes look like", async () => {
  await using server = await serveEcho();
  const response = await fetch(`http://127.0.0.1:${server.listener.port}/?methodName=${text}`, {
    method: "POST",
    body: gzipSync("{}"),
    headers: { "content-encoding": "gzip", connection: "close" },
  });
  assert.deepEqual(await response.json(), {
    ret: -5,
    errmsg: 'content-encoding "gzip" is not read here; send the JSON as it is, or call by Connect',
  });
  assert.equal(response.headers.get("msec-code"), "InvalidArgument");
});

test("an answer that is nested thousands deep is an error, not a value that ends whoever walks it", async () => {
  const body = `{"ret":0,"resultObj":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  const server = createServer((_request, response) => response.end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await assert.rejects(callHttpJson({ address: "127.0.0.1", port }, { method: text, json: {} }), (error: RpcError) => {
    assert.equal(error.code, Code.Internal);
    assert.match(error.message, /the answer is nested deeper than 202/);
    return true;
  });
  server.close();
});

interface Http2Reply {
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function http2Client(port: number) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  return {
    ask: async (headers: OutgoingHttpHeaders, body = ""): Promise<Http2Reply> => {
      const stream = session.request(headers);
      stream.setEncoding("utf8");
      // Node ends a request that has no body by itself.
      if (headers[":method"] !== "GET") stream.end(body);
      const [received] = (await once(stream, "response")) as [Record<string, unknown>];
      let answer = "";
      for await (const part of stream) answer += String(part);
      return { headers: received, body: answer };
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => session.close(resolve));
    },
  };
}
