import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { Code, createClient } from "@msec/rpc";
import { EchoService } from "../gen/echo_pb.js";
import { createChannel } from "./channel/create-channel.ts";
import { createGrpcChannel } from "./grpc/create-grpc-channel.ts";
import { callHttpJson } from "./http-json/call-http-json.ts";
import { serveEcho } from "./testing/echo-service.ts";
import { RawConnection, requestFrame } from "./testing/raw-connection.ts";

const name = (method: string) => `${EchoService.typeName}.${method}`;
const post = (method: string, body: string, query = "", headers = "") =>
  `POST /?methodName=${name(method)}${query} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

test("HTTP+JSON has deadlines, by header and by URL, the shorter of both", async () => {
  await using echo = await serveEcho();
  for (const [query, headers] of [
    ["", "connect-timeout-ms: 20\r\n"],
    ["&timeout_ms=20", ""],
    ["&timeout_ms=60000", "Connect-Timeout-Ms: 20\r\n"],
    ["&timeout_ms=20", "connect-timeout-ms: 60000\r\n"],
  ] as const) {
    await using connection = await RawConnection.open(echo.listener.port);
    connection.send(post("Slow", "{}", query, headers));
    assert.match(await connection.text(/errmsg/), /msec-code: DeadlineExceeded/);
  }
  // On a busy machine one may be too late to run at all.
  const { length } = echo.seen.contexts;
  assert.equal(echo.seen.canceled.length, length, "the handlers hear of it");
  for (const bad of ["0", "-1", "1.5", "soon", "12345678901", ""]) {
    await using connection = await RawConnection.open(echo.listener.port);
    connection.send(post("Slow", "{}", `&timeout_ms=${bad}`));
    assert.match(await connection.text(/errmsg/), /msec-code: InvalidArgument/, bad);
  }
  assert.equal(echo.seen.contexts.length, length);
});

test("a call over HTTP+JSON tells how long it waits, and made while serving gets no more than what is left", async () => {
  await using last = await serveEcho();
  const target = { address: "127.0.0.1", port: last.listener.port };
  await using first = await serveEcho(
    {},
    {
      async text(request) {
        await callHttpJson(target, { method: name("Text"), json: { number: 1 }, timeoutMs: 60_000 });
        return request;
      },
    },
  );
  await callHttpJson(target, { method: name("Text"), json: { number: 1 }, timeoutMs: 60_000 });
  const channel = createChannel({ address: "127.0.0.1", port: first.listener.port });
  await createClient(EchoService, channel.call).text({ number: 1 }, { timeoutMs: 20_000 });
  await channel.close();
  const left = last.seen.contexts.map(
    ({ deadline, receivedMs }: { deadline: number; receivedMs?: number }) => deadline - receivedMs!,
  );
  // Sums of two clocks' fractions: exact but for the last bits of a float.
  assert.ok(Math.abs(left[0]! - 60_000) < 1e-6, String(left[0]));
  assert.ok(left[1]! < 20_000 + 1e-6, String(left[1]));
});

test("that a call is a repeat is carried on over every protocol, and by none where it is not", async () => {
  await using last = await serveEcho();
  const where = { address: "127.0.0.1", port: last.listener.port };
  using grpc = createGrpcChannel(where);
  const srpc = createChannel(where);
  await using first = await serveEcho(
    {},
    {
      async text(request) {
        await createClient(EchoService, grpc.call).text({ number: 1 });
        await createClient(EchoService, srpc.call).text({ number: 2 });
        await callHttpJson(where, { method: name("Text"), json: { number: 3 } });
        return request;
      },
    },
  );
  const channel = createChannel({ address: "127.0.0.1", port: first.listener.port });
  const client = createClient(EchoService, channel.call);
  await client.text({ number: 1 }, { isRetry: true });
  await client.text({ number: 1 });
  await channel.close();
  await srpc.close();
  assert.deepEqual(
    last.seen.contexts.map(({ isRetry }) => isRetry),
    [true, true, true, false, false, false],
  );
});

type Waiting = "gRPC" | "Connect" | "HTTP+JSON";

/** The names of the codes that four calls at once get. */
async function callFourTimes(protocol: Waiting, port: number): Promise<string[]> {
  if (protocol === "HTTP+JSON") {
    await using connection = await RawConnection.open(port);
    connection.send(post("Text", '{"number":1}').repeat(4));
    const text = await connection.text(/(errmsg.*){4}/s);
    // Of a success no header names the code.
    return [...text.matchAll(/msec-code: (\w+)|"ret":0/g)].map(([, code]) => code ?? "Ok");
  }
  const session = connect(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const [type, body] =
    protocol === "gRPC"
      ? ["application/grpc", Buffer.from("00000000021001", "hex")]
      : ["application/proto", Buffer.from("1001", "hex")];
  const names: Record<string, string> = { 0: "Ok", 200: "Ok", 8: "ResourceExhausted", 429: "ResourceExhausted" };
  const calls = Array.from({ length: 4 }, async () => {
    const stream = session.request({ ":method": "POST", ":path": "/echo.EchoService/Text", "content-type": type });
    let code = "none";
    const take = (headers: Record<string, unknown>) => {
      const status = String(headers["grpc-status"] ?? (protocol === "Connect" ? headers[":status"] : code));
      code = names[status] ?? status;
    };
    stream.on("response", take).on("trailers", take).resume();
    stream.end(body);
    await new Promise((resolve) => stream.on("close", resolve));
    return code;
  });
  const codes = await Promise.all(calls);
  session.destroy();
  return codes;
}

/** Four calls at once, each of 40 ms of the processor, where none may wait for 30. */
for (const protocol of ["gRPC", "Connect", "HTTP+JSON"] as const) {
  test(`calls that waited for longer than msg_timeout are refused over ${protocol} too`, async () => {
    let entered = 0;
    const busy = (request: { number: number }) => {
      entered++;
      const end = performance.now() + 40;
      while (performance.now() < end);
      return { number: request.number };
    };
    await using echo = await serveEcho({ overload: { targetMs: 0, maxWaitMs: 30 } }, { text: busy });
    let answers: string[];
    let rounds = 0;
    do {
      entered = 0;
      answers = (await callFourTimes(protocol, echo.listener.port)).sort();
      const refused = Array(4 - entered).fill("ResourceExhausted");
      assert.deepEqual(answers, [...Array(entered).fill("Ok"), ...refused], "what was refused did not run");
      // A machine that stops for 30 ms between reading and running, or between the four, makes another of it.
    } while (entered !== 1 && ++rounds < 50);
    assert.equal(entered, 1);
  });
}

test("what a repeat mark may be is a number above nothing", async () => {
  await using echo = await serveEcho();
  for (const mark of ["1", "3", "0", "x", "-1", "1.0"]) {
    await using connection = await RawConnection.open(echo.listener.port);
    connection.send(post("Text", '{"number":1}', "", `grpc-previous-rpc-attempts: ${mark}\r\n`));
    await connection.text(/"ret":0/);
  }
  assert.deepEqual(
    echo.seen.contexts.map(({ isRetry }) => isRetry),
    [true, true, false, false, false, false],
  );
});

test("a request without a required field of proto2 is InvalidArgument over every protocol, and runs nothing", async () => {
  await using echo = await serveEcho();
  const where = { address: "127.0.0.1", port: echo.listener.port };
  await using raw = await RawConnection.open(echo.listener.port);
  raw.send(requestFrame(1, name("Text"), Buffer.alloc(0)));
  assert.equal((await raw.answers(1))[0]!.head.code, Code.InvalidArgument);
  assert.equal((await raw.answers(1))[0]!.head.err, -5);
  await assert.rejects(callHttpJson(where, { method: name("Text"), json: { text: "x" } }), {
    code: Code.InvalidArgument,
    message: "the echo.TextMessage has no number, which is required",
  });
  const origin = `http://127.0.0.1:${echo.listener.port}/echo.EchoService/Text`;
  for (const [type, body] of [
    ["application/json", "{}"],
    ["application/proto", ""],
  ] as const) {
    const response = await fetch(origin, {
      method: "POST",
      body,
      headers: { "content-type": type, connection: "close" },
    });
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [400, "invalid_argument"]);
  }
  const session = connect(`http://127.0.0.1:${echo.listener.port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/echo.EchoService/Text",
    "content-type": "application/grpc",
  });
  stream.end(Buffer.alloc(5));
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  assert.equal(headers["grpc-status"], String(Code.InvalidArgument));
  session.destroy();
  assert.equal(echo.seen.contexts.length, 0);
});
