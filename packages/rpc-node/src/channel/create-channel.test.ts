import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "@msec/process/testing";
import { type CallRecord, Code, createClient, currentContext, errorDetail, findErrorDetail, RpcError } from "@msec/rpc";
import { EchoMessageSchema, EchoService } from "../../gen/echo_pb.js";
import { callEcho, serveEcho } from "../testing/echo-service.ts";
import { requestFrame } from "../testing/raw-connection.ts";
import { untilReached } from "../testing/until-reached.ts";
import { createChannel } from "./create-channel.ts";

const withCode = (code: Code, details?: object) => (error: RpcError) => {
  assert.ok(error instanceof RpcError, String(error));
  assert.equal(error.code, code, error.message);
  if (details) {
    assert.deepEqual({ ...error.details }, details);
  }
  return true;
};

test("a call connects, and the connection is used again", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener, { caller: "Test.caller" });
  assert.equal(caller.channel.state, "idle");
  const first = caller.client.text({ text: "一", number: -5, someItems: ["a", "b"] });
  assert.equal(caller.channel.state, "connecting");
  assert.equal(caller.channel.inFlight, 1);
  const { text, number, someItems, $typeName } = await first;
  assert.deepEqual(
    { text, number, someItems, $typeName },
    { text: "一", number: -5, someItems: ["a", "b"], $typeName: "echo.TextMessage" },
  );
  await caller.client.text({ number: 1 });
  assert.equal(caller.channel.state, "open");
  assert.equal(caller.channel.inFlight, 0);
  assert.equal(server.listener.connections, 1);
  assert.equal(server.seen.contexts[0]?.caller, "Test.caller");
});

test("a follower is told of an answer, and puts another call in the place of one that failed", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener);
  await using other = callEcho(server.listener);
  const told: unknown[] = [];
  const follower = {
    isTold: false,
    answered: (nowMs: number) => void told.push(nowMs <= performance.now()),
    failed: (error: unknown) => {
      told.push((error as RpcError).code);
      return other.client.text({ number: 2 });
    },
  };
  assert.equal((await caller.client.text({ number: 1 }, { follower })).number, 1);
  assert.deepEqual([follower.isTold, told], [true, [true]]);
  // Refused by the channel before anything is sent.
  await caller.channel.close();
  assert.equal((await caller.client.text({ number: 1 }, { follower })).number, 2);
  assert.deepEqual(told, [true, Code.Unavailable]);
  const thrower = { ...follower, failed: (error: unknown) => Promise.reject(error) };
  await assert.rejects(caller.client.text({ number: 1 }, { follower: thrower }), withCode(Code.Unavailable));
});

test("a unix socket serves and is called like a port", async () => {
  const directory = await mkdtemp(join(tmpdir(), "msec-rpc-"));
  try {
    const path = join(directory, "a.sock");
    await using server = await serveEcho({ path });
    await using channel = createChannel({ path });
    assert.equal((await createClient(EchoService, channel.call).text({ number: 3 })).number, 3);
    assert.equal(server.listener.address, path);
    assert.equal(server.listener.port, 0);
    assert.equal(server.seen.contexts[0]?.peer, `unix:${path}`);
    assert.equal(channel.address, `unix:${path}`);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a thousand calls at once are all answered with their own answer", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener);
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  const answers = await Promise.all(numbers.map((number) => caller.client.text({ number, text: "x".repeat(number) })));
  assert.deepEqual(
    answers.map((answer) => [answer.number, answer.text.length]),
    numbers.map((number) => [number, number]),
  );
  assert.equal(server.listener.connections, 1);
});

test("a connection that is refused fails the call as not sent, then backs off, and connects when the server is there", async () => {
  const port = await freePort();
  const to = (connect: object) => createChannel({ address: "127.0.0.1", port }, { limits: { connect } });
  // However long this machine takes from one call to the next.
  await using patient = to({ backoffMs: 60_000, maxBackoffMs: 60_000 });
  await using channel = to({ backoffMs: 50 });
  const client = createClient(EchoService, channel.call);
  const refused = createClient(EchoService, patient.call);
  await assert.rejects(client.text({ number: 1 }), withCode(Code.Unavailable, { notSent: true }));
  await assert.rejects(refused.text({ number: 1 }), withCode(Code.Unavailable, { notSent: true }));
  assert.equal(patient.state, "backing-off");
  await assert.rejects(refused.text({ number: 1 }), (error: RpcError) => {
    assert.match(error.message, /nothing listens there \(ECONNREFUSED\); tried again in \d+ ms/);
    return withCode(Code.Unavailable, { notSent: true })(error);
  });
  await using _again = await serveEcho({ port });
  while (channel.state === "backing-off") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal((await client.text({ number: 2 })).number, 2);
});

test("a unix socket that is not there is said to be so", async () => {
  await using channel = createChannel({ path: "/tmp/msec-no-such-directory/a.sock" });
  await assert.rejects(createClient(EchoService, channel.call).text({ number: 1 }), (error: RpcError) => {
    assert.match(error.message, /no such unix socket/);
    return withCode(Code.Unavailable, { notSent: true })(error);
  });
});

test("a connection that breaks fails what was sent without notSent, and the next call makes a new one", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await using channel = createChannel({ address: "127.0.0.1", port });
  const client = createClient(EchoService, channel.call);
  for (const end of ["destroy", "end"] as const) {
    const call = client.text({ number: 1 });
    const [socket] = (await once(server, "connection")) as [Socket];
    await once(socket, "data");
    socket[end]();
    await assert.rejects(call, withCode(Code.Unavailable, {}));
  }
  server.close();
});

test("a server that speaks something else fails its calls", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await using channel = createChannel({ address: "127.0.0.1", port });
  await assert.rejects(createClient(EchoService, channel.call).text({ number: 1 }), withCode(Code.Unavailable));
  server.close();
});

test("an answer to nothing that was asked is ignored and counted, and the real one is taken", async () => {
  const server = createServer((socket) => {
    socket.on("data", () => {
      // A response frame has the shape of a request frame; only its sequence matters here.
      socket.write(requestFrame(77, "echo.EchoService.Text", Buffer.from([0x10, 1])));
      socket.write(requestFrame(1, "echo.EchoService.Text", Buffer.from([0x10, 2])));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await using channel = createChannel({ address: "127.0.0.1", port });
  assert.equal((await createClient(EchoService, channel.call).text({ number: 1 })).number, 2);
  assert.equal(channel.ignoredAnswers, 1);
  server.close();
});

test("a call that is not answered in time fails, its late answer is ignored, the connection stays", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener);
  await assert.rejects(caller.client.slow({ text: "x" }, { timeoutMs: 30 }), withCode(Code.DeadlineExceeded));
  assert.equal((await caller.client.text({ number: 2 })).number, 2);
  assert.equal(server.listener.connections, 1);
  server.release();
});

test("a connect that takes too long fails the call as not sent", async () => {
  // 192.0.2.0/24 is for documentation: nothing answers, or the network says at once that there is no way.
  await using channel = createChannel({ address: "192.0.2.1", port: 9 }, { limits: { connect: { timeoutMs: 50 } } });
  await assert.rejects(
    createClient(EchoService, channel.call).text({ number: 1 }),
    withCode(Code.Unavailable, { notSent: true }),
  );
});

test("a signal gives a call up, before it began and while it runs", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener);
  await assert.rejects(
    caller.client.text({ number: 1 }, { signal: AbortSignal.abort() }),
    withCode(Code.Canceled, { notSent: true }),
  );
  const controller = new AbortController();
  const call = caller.client.slow({ text: "x" }, { signal: controller.signal });
  await server.entered(1);
  controller.abort(new Error("changed my mind"));
  await assert.rejects(call, withCode(Code.Canceled));
  assert.equal(caller.channel.inFlight, 0);
  server.release();
});

test("codes, texts, messages and notExecuted of the server reach the caller", async () => {
  await using server = await serveEcho(
    { limits: { calls: { maxPerConnection: 1 } } },
    {
      text: () => {
        throw new RpcError(Code.PermissionDenied, "不行");
      },
      echo: (request) => {
        throw new RpcError(Code.Aborted, "no", { details: { messages: [errorDetail(EchoMessageSchema, request)] } });
      },
    },
  );
  await using caller = callEcho(server.listener);
  await assert.rejects(caller.client.text({ number: 1 }), (error: RpcError) => {
    assert.equal(error.message, "不行");
    return withCode(Code.PermissionDenied, { ret: -18 })(error);
  });
  await assert.rejects(caller.client.echo({ message: new Uint8Array(7) }), (error: RpcError) => {
    assert.equal(findErrorDetail(error, EchoMessageSchema)?.message.length, 7);
    return withCode(Code.Aborted)(error);
  });
  // Above 4,096 bytes the error arrives without.
  await assert.rejects(caller.client.echo({ message: new Uint8Array(4_096) }), withCode(Code.Aborted, { ret: -18 }));
  const held = caller.client.slow({ text: "x" });
  await server.entered(1);
  await assert.rejects(
    caller.client.slow({ text: "x" }),
    withCode(Code.ResourceExhausted, { notExecuted: true, ret: -9 }),
  );
  server.release();
  await held;
});

test("a request that cannot be encoded fails alone; the calls beside it go out", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener, { limits: { frames: { maxBytes: 4096 } } });
  const [before, missing, large, after] = await Promise.allSettled([
    caller.client.text({ number: 1 }),
    caller.client.text({ text: "no number" }),
    caller.client.echo({ message: new Uint8Array(5000) }),
    caller.client.text({ number: 2 }),
  ]);
  assert.equal(before.status, "fulfilled");
  assert.equal(after.status, "fulfilled");
  assert.ok(missing.status === "rejected" && withCode(Code.InvalidArgument, { notSent: true })(missing.reason));
  assert.ok(large.status === "rejected" && withCode(Code.ResourceExhausted, { notSent: true })(large.reason));
});

test("an answer above the channel's limit fails its call and the connection", async () => {
  await using server = await serveEcho({}, { echo: () => ({ message: new Uint8Array(100_000) }) });
  await using caller = callEcho(server.listener, { limits: { frames: { maxBytes: 4096 } } });
  await assert.rejects(caller.client.echo({}), withCode(Code.ResourceExhausted));
  assert.equal((await caller.client.text({ number: 1 })).number, 1);
});

test("limits of the channel refuse calls before they are sent", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener, { limits: { calls: { max: 2 } } });
  const held = [caller.client.slow({ text: "x" }), caller.client.slow({ text: "x" })];
  await assert.rejects(caller.client.text({ number: 1 }), withCode(Code.ResourceExhausted, { notSent: true }));
  await server.entered(2);
  server.release();
  await Promise.all(held);
  await assert.rejects(caller.client.text({ number: 1 }, { timeoutMs: 0 }), withCode(Code.InvalidArgument));
});

test("bytes that wait for the socket are bounded", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener, { limits: { calls: { maxUnsentBytes: 10_000 } } });
  const message = new Uint8Array(4_000);
  const calls = await Promise.allSettled(Array.from({ length: 6 }, () => caller.client.echo({ message })));
  assert.deepEqual(
    calls.map((call) => call.status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected", "rejected"],
  );
});

test("a call made while serving gets what is left of the deadline, the trace, and the cancellation", async () => {
  await using back = await serveEcho();
  await using toBack = callEcho(back.listener);
  await using front = await serveEcho(
    {},
    {
      async slow(request) {
        assert.ok(currentContext());
        const [first] = await Promise.all([
          toBack.client.slow(request, { timeoutMs: 60_000 }),
          toBack.client.text({ number: 1 }),
        ]);
        return first;
      },
    },
  );
  await using caller = callEcho(front.listener);
  let given = 0;
  const late = async (timeoutMs: number) => {
    given = timeoutMs;
    back.seen.contexts.length = 0;
    await assert.rejects(caller.client.slow({ text: "x" }, { timeoutMs }), withCode(Code.DeadlineExceeded));
  };
  await untilReached(200, late, () => back.seen.contexts.length === 2);
  const [inner, beside] = back.seen.contexts;
  // A sum of fractions: exact but for the last bits of a float.
  assert.ok(inner!.deadline - (inner as unknown as { receivedMs: number }).receivedMs < given + 1e-6);
  assert.equal(inner!.requestId, beside!.requestId);
  assert.notDeepEqual(inner!.spanId, beside!.spanId);
  // The front server's own clock ends the request a moment after the caller's.
  while (toBack.channel.inFlight > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(back.seen.contexts.length, 2);
  back.release();
});

test("a trace is continued from `parent`, and is otherwise new for each call", async () => {
  await using server = await serveEcho();
  await using caller = callEcho(server.listener);
  const parent = { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(2), sampled: true };
  await caller.client.text({ number: 1 }, { parent, metadata: { "x-key": "värde" }, caller: "Other.caller" });
  await caller.client.text({ number: 1 });
  await caller.client.text({ number: 1 });
  const [first, second, third] = server.seen.contexts;
  assert.equal(first?.requestId, "01".repeat(16));
  assert.equal(first.sampled, true);
  assert.equal(first.metadata["x-key"], "värde");
  assert.equal(first.caller, "Other.caller");
  assert.notEqual(second?.requestId, third?.requestId);
});

test("every call made is observed once, and its span is the parent of the served one", async () => {
  const records: CallRecord[] = [];
  const observer = { onClientCall: (record: CallRecord) => void records.push(record.copy()), onServerCall: () => {} };
  await using server = await serveEcho();
  await using caller = callEcho(server.listener, { observer, peerService: "Echo.mod_echo" });
  await caller.client.text({ number: 300 });
  await assert.rejects(caller.client.slow({ text: "x" }, { timeoutMs: 20 }));
  await assert.rejects(caller.client.text({}));
  const [ok, late, bad] = records;
  assert.equal(records.length, 3);
  assert.deepEqual(
    [ok?.side, ok?.method, ok?.peerService, ok?.code, ok?.requestBytes, ok?.responseBytes, ok?.deadlineMs],
    ["client", "echo.EchoService.Text", "Echo.mod_echo", Code.Ok, 3, 3, 10_000],
  );
  assert.equal(ok?.peerInstance, `127.0.0.1:${server.listener.port}`);
  assert.deepEqual(server.seen.contexts[0]?.parentSpanId, ok?.spanId);
  assert.deepEqual(server.seen.contexts[0]?.traceId, ok?.traceId);
  assert.ok(ok!.queueUs > 0 && ok!.queueUs <= ok!.durationUs);
  assert.equal(late?.code, Code.DeadlineExceeded);
  // To the millisecond: a timer's is the one of the loop.
  assert.ok(late!.durationUs >= 19_000, `${late!.durationUs}`);
  assert.equal(bad?.code, Code.InvalidArgument);
  server.release();
});

test("close waits for outstanding calls, refuses new ones, and fails what does not end in time", async () => {
  await using server = await serveEcho();
  const caller = callEcho(server.listener);
  const held = caller.client.slow({ text: "x" });
  await server.entered(1);
  const closing = caller.channel.close({ graceMs: 5_000 });
  assert.equal(caller.channel.state, "closed");
  await assert.rejects(caller.client.text({ number: 1 }), withCode(Code.Unavailable, { notSent: true }));
  server.release();
  await held;
  await closing;
  const other = callEcho(server.listener);
  const stuck = other.client.slow({ text: "x" });
  const failed = assert.rejects(stuck, withCode(Code.Canceled));
  await server.entered(2);
  await other.channel.close({ graceMs: 20 });
  await failed;
});
