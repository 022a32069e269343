import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallRecord, Code, RpcError } from "@msec/rpc";
import { encodeFrame, Writer } from "@msec/wire";
import { serveEcho } from "../testing/echo-service.ts";
import { RawConnection, requestFrame } from "../testing/raw-connection.ts";

const echo = "echo.EchoService.Echo";
const slow = "echo.EchoService.Slow";
const hello = Buffer.from("0a0568656c6c6f", "hex");
const slowText = (text: string) => Buffer.from([0x12, text.length, ...Buffer.from(text)]);

// nlb-srpc.md: observed on the running original. Sequence 7, caller raw.py, message "hello".
const originalRequest = Buffer.from(
  `28${"00000023"}${"00000007"}5007${"920306"}${"7261772e7079"}${"9a0315"}${"6563686f2e4563686f536572766963652e4563686f"}${"0a05"}${"68656c6c6f"}29`,
  "hex",
);

test("the original's request is answered as the original does: same head, with a flow_id, and the body", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  assert.equal(originalRequest.length, 52);
  raw.send(originalRequest);
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.sequence, 7);
  assert.equal(answer.head.caller.text, "raw.py");
  assert.equal(answer.head.method.text, echo);
  assert.equal(answer.head.err, 0);
  assert.ok(answer.head.hasFlowId);
  assert.deepEqual(answer.body, hello);
  const [context] = server.seen.contexts;
  assert.equal(context?.caller, "raw.py");
  assert.equal(context.requestId.slice(16), answer.head.flowId().toString(16).padStart(16, "0"));
});

test("a request that arrives byte by byte is answered", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  for (const byte of originalRequest) {
    raw.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [answer] = await raw.answers(1);
  assert.deepEqual(answer?.body, hello);
});

test("frames that share a read, the last one cut, are all answered", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  const frames = Buffer.concat(Array.from({ length: 50 }, (_, i) => requestFrame(i + 1, echo, hello)));
  raw.send(frames.subarray(0, frames.length - 7));
  await raw.answers(49);
  raw.send(frames.subarray(frames.length - 7));
  const answers = await raw.answers(50);
  assert.deepEqual(
    answers.map((answer) => answer.head.sequence),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
});

test("answers go out as handlers finish, matched by sequence", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, slow, slowText("held")));
  raw.send(requestFrame(2n ** 64n - 1n, echo, hello));
  const [first] = await raw.answers(1);
  assert.equal(first?.head.sequence, 2n ** 64n - 1n);
  await server.entered(2);
  server.release();
  const answers = await raw.answers(2);
  assert.equal(answers[1]?.head.sequence, 1);
});

test("every refusal is answered, never with what the client put into err, and the connection goes on", async () => {
  await using server = await serveEcho(
    {},
    {
      text: () => {
        throw new RpcError(Code.NotFound, "no such text");
      },
      slow: () => Promise.reject(new Error("secret: connection string")),
    },
  );
  await using raw = await RawConnection.open(server.listener.port);
  const cases = [
    { method: "echo.EchoService.Nothing", body: hello, err: -6, code: Code.Unimplemented, text: /no method/ },
    { method: "__proto__", body: hello, err: -6, code: Code.Unimplemented, text: /no method/ },
    {
      method: "x".repeat(2000),
      body: hello,
      err: -9,
      code: Code.ResourceExhausted,
      text: /method_name has 2000 bytes/,
    },
    {
      method: echo,
      body: Buffer.from([0x0a, 0x7f, 1]),
      err: -5,
      code: Code.InvalidArgument,
      text: /not a echo.EchoMessage/,
    },
    {
      method: "echo.EchoService.Text",
      body: Buffer.from([0x10, 1]),
      err: -18,
      code: Code.NotFound,
      text: /no such text/,
    },
    { method: slow, body: Buffer.alloc(0), err: -18, code: Code.Unknown, text: /not an RpcError/ },
  ];
  for (const [i, one] of cases.entries()) {
    raw.send(requestFrame(i + 1, one.method, one.body));
    const answers = await raw.answers(i + 1);
    const { head, body } = answers[i]!;
    assert.equal(head.sequence, i + 1);
    assert.equal(head.err, one.err, one.method);
    assert.equal(head.code, one.code, one.method);
    assert.match(head.errMsg, one.text);
    assert.doesNotMatch(head.errMsg, /secret/);
    assert.equal(body.length, 0);
  }
  // Field 40 (err) = 5, 42 (err_msg) = "forged" from the client: success stays success.
  const forged = Buffer.from("5001c00205d20206666f726765649a03156563686f2e4563686f536572766963652e4563686f", "hex");
  const frame = Buffer.concat([Buffer.from([0x28, 0, 0, 0, forged.length, 0, 0, 0, 0]), forged, Buffer.from(")")]);
  raw.send(frame);
  const answers = await raw.answers(cases.length + 1);
  assert.equal(answers.at(-1)?.head.err, 0);
  assert.equal(answers.at(-1)?.head.errMsg, "");
});

test("a response that cannot be encoded or is too large is answered as such", async () => {
  await using server = await serveEcho(
    { limits: { frames: { maxBytes: 2048 } } },
    { text: () => ({ text: "the required number is missing" }), echo: () => ({ message: new Uint8Array(5000) }) },
  );
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, "echo.EchoService.Text", Buffer.from([0x10, 1])));
  raw.send(requestFrame(2, echo, hello));
  const [missing, large] = await raw.answers(2);
  assert.equal(missing?.head.code, Code.Internal);
  assert.match(missing.head.errMsg, /number/);
  assert.equal(large?.head.code, Code.ResourceExhausted);
});

test("a frame above the limit is refused by its sequence as soon as its head is there, then the connection closes", async () => {
  await using server = await serveEcho({ limits: { frames: { maxBytes: 4096 } } });
  await using raw = await RawConnection.open(server.listener.port);
  const frame = Buffer.from(requestFrame(9, echo, Buffer.alloc(100_000)));
  raw.send(frame.subarray(0, 80));
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.sequence, 9);
  assert.equal(answer.head.code, Code.ResourceExhausted);
  raw.send(frame.subarray(80));
  await raw.end();
  assert.equal(server.seen.contexts.length, 0);
});

test("bytes that are no frame are answered and the connection closed", async () => {
  await using server = await serveEcho();
  for (const bad of ["28000000000000000029", "28ffffffff00000001", "2880000000ffffffff"]) {
    await using raw = await RawConnection.open(server.listener.port);
    raw.send(Buffer.from(bad, "hex"));
    const [answer] = await raw.answers(1);
    assert.ok(answer!.head.err < 0);
    await raw.end();
  }
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(Buffer.concat([originalRequest.subarray(0, 51), Buffer.from("X")]));
  const [answer] = await raw.answers(1);
  assert.match(answer!.head.errMsg, /0x29/);
  await raw.end();
});

test("a head without sequence or method name is answered", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(Buffer.from("280000000200000000500329", "hex"));
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.sequence, 3);
  assert.equal(answer.head.err, -4);
  raw.send(requestFrame(4, echo, hello));
  assert.equal((await raw.answers(2))[1]?.head.err, 0);
});

test("hostile first bytes are closed at once, silence after the first-byte time", async () => {
  await using server = await serveEcho({ limits: { connections: { firstByteMs: 150 } } });
  const hostile = [
    "*1\r\n$4\r\nPING\r\n",
    "stats\r\n",
    "SSH-2.0-x\r\n",
    "\0\0\0\0\0\0\0\0",
    "PRI * HTTP/2.0\r\n\r\nSM",
    "POSTMAN",
    ")(",
  ];
  for (const bytes of hostile) {
    await using raw = await RawConnection.open(server.listener.port);
    raw.send(Buffer.from(bytes, "latin1"));
    await raw.end();
    assert.equal(raw.received.length, 0, JSON.stringify(bytes));
  }
  for (const start of ["", "PO", "PUT"]) {
    await using raw = await RawConnection.open(server.listener.port);
    const startMs = performance.now();
    if (start) {
      raw.send(start);
    }
    await raw.end();
    assert.ok(performance.now() - startMs < 8_000);
  }
  assert.equal(server.seen.contexts.length, 0);
});

test("a connection without calls, and one with a frame that never gets complete, are closed", async () => {
  await using server = await serveEcho({ limits: { connections: { idleMs: 400 } } });
  await using idle = await RawConnection.open(server.listener.port);
  idle.send(originalRequest);
  await idle.answers(1);
  await idle.end();
  await using patient = await serveEcho({ limits: { frames: { completeMs: 100 } } });
  await using half = await RawConnection.open(patient.listener.port);
  half.send(originalRequest.subarray(0, 30));
  await half.end();
});

test("a call that runs keeps its connection from being idle", async () => {
  await using server = await serveEcho({ limits: { connections: { idleMs: 200 } } });
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, slow, Buffer.from([0x08, 0xac, 0x02])));
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.err, 0);
});

test("limits on running calls are answered with notExecuted", async () => {
  await using server = await serveEcho({ limits: { calls: { maxPerConnection: 2, max: 3 } } });
  await using raw = await RawConnection.open(server.listener.port);
  await using other = await RawConnection.open(server.listener.port);
  for (let i = 1; i <= 3; i++) {
    raw.send(requestFrame(i, slow, slowText("x")));
  }
  const [refused] = await raw.answers(1);
  assert.equal(refused?.head.sequence, 3);
  assert.equal(refused.head.code, Code.ResourceExhausted);
  assert.match(refused.head.errMsg, /calls.maxPerConnection 2/);
  assert.match(Buffer.from(refused.head.details!).toString(), /notExecuted/);
  other.send(requestFrame(1, slow, slowText("x")));
  other.send(requestFrame(2, slow, slowText("x")));
  const [full] = await other.answers(1);
  assert.match(full!.head.errMsg, /calls\.max 3/);
  assert.equal(server.listener.inFlight, 3);
  server.release();
  await raw.answers(3);
  await other.answers(2);
  assert.equal(server.listener.inFlight, 0);
});

test("more connections than the limit are closed on arrival", async () => {
  await using server = await serveEcho({ limits: { connections: { max: 1 } } });
  await using first = await RawConnection.open(server.listener.port);
  first.send(originalRequest);
  await first.answers(1);
  await using second = await RawConnection.open(server.listener.port);
  second.send(originalRequest);
  await second.end();
  assert.equal(second.received.length, 0);
});

test("a deadline that passes while the handler runs is answered, and the handler hears of it", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, slow, slowText("x"), { timeoutMs: 30 }));
  const [answer] = await raw.answers(1);
  assert.equal(answer?.head.code, Code.DeadlineExceeded);
  assert.equal(answer.head.err, -10);
  assert.equal((server.seen.canceled[0] as RpcError).code, Code.DeadlineExceeded);
  assert.equal(server.listener.inFlight, 1);
  server.release();
});

test("a caller that goes away cancels its handlers, and the half frame it left harms nobody", async () => {
  await using server = await serveEcho();
  const raw = await RawConnection.open(server.listener.port);
  raw.send(Buffer.concat([requestFrame(1, slow, slowText("x")), originalRequest.subarray(0, 20)]));
  await server.entered(1);
  const [context] = server.seen.contexts;
  const aborted = new Promise((resolve) => context?.signal.addEventListener("abort", resolve));
  raw.socket.destroy();
  await aborted;
  assert.equal((context!.signal.reason as RpcError).code, Code.Canceled);
  server.release();
  await using next = await RawConnection.open(server.listener.port);
  next.send(originalRequest);
  assert.equal((await next.answers(1)).length, 1);
});

test("a client that has sent all it wants to still gets its answers", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, slow, slowText("x")));
  raw.socket.end();
  await server.entered(1);
  server.release();
  assert.equal((await raw.answers(1)).length, 1);
  await raw.end();
});

test("a peer that does not read its answers is no longer read from, and loses none when it reads again", async () => {
  await using server = await serveEcho({ limits: { unsent: { bytes: 64 * 1024 } } });
  await using raw = await RawConnection.open(server.listener.port);
  raw.socket.pause();
  const body = Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x04]), Buffer.alloc(65536, 1)]);
  const count = 400;
  for (let i = 1; i <= count; i++) {
    raw.send(requestFrame(i, echo, body));
  }
  // Both kernels' buffers fill up, then the server stops reading: its handlers are entered for a part of the requests only.
  let before = -1;
  while (before !== server.seen.contexts.length) {
    before = server.seen.contexts.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(before < count, `${before} of ${count} handled`);
  raw.socket.resume();
  const answers = await raw.answers(count);
  assert.equal(answers.at(-1)?.head.sequence, count);
});

test("the trace of the caller goes on: traceparent, else flow_id", async () => {
  await using server = await serveEcho();
  await using raw = await RawConnection.open(server.listener.port);
  const spanId = new Uint8Array(8).fill(0xcd);
  raw.send(
    requestFrame(1, echo, hello, {
      trace: Uint8Array.of(...new Uint8Array(16).fill(0xab), ...spanId),
      traceFlags: 1,
      metadata: [{ key: "__proto__", value: Buffer.from("x") }],
    }),
  );
  await raw.answers(1);
  const [context] = server.seen.contexts;
  assert.equal(context?.requestId, "ab".repeat(16));
  assert.deepEqual([...context.parentSpanId], [...spanId]);
  assert.equal(context.sampled, true);
  assert.deepEqual(Object.keys(context.metadata), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(context.metadata), null);
  const writer = new Writer();
  writer.raw(Buffer.from(requestFrame(2, echo, hello).subarray(9, -1 - hello.length)));
  writer.uint32(30 << 3); // flow_id
  writer.varint64(0xabab_abab, 0xabab_abab);
  const head = writer.copy();
  writer.reset();
  encodeFrame(writer, head, hello);
  raw.send(writer.copy());
  await raw.answers(2);
  assert.equal(server.seen.contexts[1]?.requestId, "00".repeat(8) + "ab".repeat(8));
});

test("asking whether anybody is there is answered like any unknown method, and is no call that failed", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await using server = await serveEcho({ observer });
  await using raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, "grpc.health.v1.Health.Check", Buffer.alloc(0)));
  raw.send(requestFrame(2, echo, hello));
  const [check] = await raw.answers(2);
  assert.deepEqual([check?.head.sequence, check?.head.err], [1, -6]);
  assert.deepEqual(
    records.map(({ method }) => method),
    [echo],
  );
});

test("every served call is observed once, with sizes and times; unknown names are not kept", async () => {
  const records: CallRecord[] = [];
  const observer = { onServerCall: (record: CallRecord) => void records.push(record.copy()), onClientCall: () => {} };
  await using server = await serveEcho({ observer });
  await using raw = await RawConnection.open(server.listener.port);
  const beforeUs = Date.now() * 1000;
  raw.send(requestFrame(1, echo, hello));
  raw.send(requestFrame(2, "made.up.Name", hello));
  raw.send(requestFrame(3, slow, slowText("x"), { timeoutMs: 20_000 }));
  await server.entered(2);
  // By the clock that calls are measured with: a timer may be a little early by it, where its turn of the loop began late.
  for (const endMs = performance.now() + 20; performance.now() < endMs; ) await new Promise(setImmediate);
  server.release();
  await raw.answers(3);
  const [first, second, third] = records;
  assert.equal(records.length, 3);
  assert.deepEqual(
    [
      first?.side,
      first?.method,
      first?.peerService,
      first?.code,
      first?.requestBytes,
      first?.responseBytes,
      first?.deadlineMs,
    ],
    ["server", echo, "raw.py", Code.Ok, 7, 7, 0],
  );
  assert.ok(Math.abs(first!.startUs - beforeUs) < 60_000_000);
  assert.ok(first!.durationUs > 0 && first!.queueUs >= 0 && first!.queueUs <= first!.durationUs);
  assert.deepEqual([second?.method, second?.code], ["", Code.Unimplemented]);
  assert.equal(third?.deadlineMs, 20_000);
  assert.ok(third!.durationUs >= 19_000);
  assert.match(first!.peerInstance, /^127\.0\.0\.1:\d+$/);
});
