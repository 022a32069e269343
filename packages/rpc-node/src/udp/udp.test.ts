import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { Code, createClient, type RpcError } from "@msec/rpc";
import { HeadDecoder, RpcHead } from "@msec/wire";
import { EchoService } from "../../gen/echo_pb.js";
import { listen } from "../listen.ts";
import { serveEcho } from "../testing/echo-service.ts";
import { requestFrame } from "../testing/raw-connection.ts";
import { createUdpChannel, type UdpChannelOptions } from "./create-udp-channel.ts";
import { maxDatagramBytes, parseDatagram } from "./datagram.ts";
import { isPrivatePeer } from "./private-peer.ts";

const echo = "echo.EchoService.Echo";
/** Seen on the original: sequence 7, caller raw.py, message "hello". */
const example = Buffer.from(
  "28000000230000000750079203067261772e70799a03156563686f2e4563686f536572766963652e4563686f0a0568656c6c6f29",
  "hex",
);

async function rawSocket(): Promise<Socket & AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return Object.assign(socket, {
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  });
}

async function ask(socket: Socket, port: number, bytes: Uint8Array): Promise<{ head: RpcHead; body: Buffer }> {
  socket.send(bytes, port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  const span = parseDatagram(answer)!;
  const head = new RpcHead();
  new HeadDecoder().decodeWholeResponse(answer, span.headStart, span.headEnd, head);
  return { head, body: answer.subarray(span.bodyStart, span.bodyEnd) };
}

function callUdp(port: number, options?: UdpChannelOptions) {
  // A second is the default, which a busy machine may use up.
  const channel = createUdpChannel({ address: "127.0.0.1", port }, { timeoutMs: 20_000, ...options });
  return { channel, client: createClient(EchoService, channel.call), [Symbol.asyncDispose]: () => channel.close() };
}

const withCode = (code: Code) => (error: RpcError) => {
  assert.equal(error.code, code, error.message);
  return true;
};

test("the bytes of the original's client are answered on the port's number", async () => {
  await using server = await serveEcho({ udp: true });
  await using socket = await rawSocket();
  const { head, body } = await ask(socket, server.listener.port, example);
  assert.deepEqual([head.sequence, head.caller.text, head.method.text, head.err], [7, "raw.py", echo, 0]);
  assert.equal(head.hasFlowId, true);
  assert.equal(body.toString("hex"), "0a0568656c6c6f");
  assert.equal(server.seen.contexts[0]?.peer, `127.0.0.1:${socket.address().port}`);
});

test("of two frames in a datagram the first is answered, as the original does", async () => {
  await using server = await serveEcho({ udp: true });
  await using socket = await rawSocket();
  await ask(socket, server.listener.port, Buffer.concat([example, example]));
  const { head } = await ask(socket, server.listener.port, requestFrame(8, echo, new Uint8Array(0)));
  assert.equal(head.sequence, 8);
  assert.equal(server.seen.contexts.length, 2);
});

test("without `udp` nothing listens for datagrams, and the caller is told at once", async () => {
  await using server = await serveEcho();
  await using caller = callUdp(server.listener.port);
  await assert.rejects(caller.client.text({ number: 1 }), withCode(Code.Unavailable));
  assert.equal(server.listener.udp, undefined);
});

test("what is no request that can be answered is dropped and counted, and the next good one is answered", async () => {
  await using server = await serveEcho({ udp: true });
  await using socket = await rawSocket();
  const { port } = server.listener;
  const bad = [
    Buffer.alloc(0),
    Buffer.from("("),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    example.subarray(0, -1),
    Buffer.from("28ffffffff00000000", "hex"),
    // An answer to somebody: err is set.
    Buffer.concat([Buffer.from("2800000009000000005007c002fa019a0300", "hex"), Buffer.from(")")]),
    // No sequence.
    Buffer.from("2800000003000000009a030029", "hex"),
  ];
  for (const bytes of bad) {
    socket.send(bytes, port, "127.0.0.1");
  }
  const { head } = await ask(socket, port, example);
  assert.equal(head.sequence, 7);
  assert.deepEqual(server.listener.udp, { received: bad.length + 1, dropped: bad.length, unsent: 0 });
});

test("our own answers, sent to a server by a forged sender, are never answered", async () => {
  await using server = await serveEcho({ udp: true });
  await using socket = await rawSocket();
  const { port } = server.listener;
  socket.send(example, port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.send(answer, port, "127.0.0.1");
  const { head } = await ask(socket, port, requestFrame(9, echo, new Uint8Array(0)));
  assert.equal(head.sequence, 9);
  assert.equal(server.listener.udp?.dropped, 1);
});

test("unknown methods, bad bodies and bad heads are answered with their error", async () => {
  await using server = await serveEcho({ udp: true });
  await using socket = await rawSocket();
  const { port } = server.listener;
  const codes: number[] = [];
  for (const bytes of [
    requestFrame(1, "no.Such.Method", new Uint8Array(0)),
    requestFrame(1, echo, Buffer.of(0x0a, 0x7f)),
    requestFrame(1, "m".repeat(600), new Uint8Array(0)),
  ]) {
    codes.push((await ask(socket, port, bytes)).head.code);
  }
  assert.deepEqual(codes, [Code.Unimplemented, Code.InvalidArgument, Code.ResourceExhausted]);
});

test("an answer that does not fit in a datagram is refused with an error, the largest that fits arrives", async () => {
  await using server = await serveEcho({ udp: true }, { text: ({ number }) => ({ number, text: "x".repeat(number) }) });
  await using caller = callUdp(server.listener.port);
  await assert.rejects(caller.client.text({ number: maxDatagramBytes }), (error: RpcError) => {
    assert.match(error.message, /does not fit in a datagram of 65507 bytes; call over TCP/);
    return withCode(Code.ResourceExhausted)(error);
  });
  assert.equal((await caller.client.text({ number: 65_000 })).text.length, 65_000);
  await assert.rejects(caller.client.echo({ message: new Uint8Array(65_500) }), withCode(Code.ResourceExhausted));
});

test("a call ends at its deadline, once, and is not sent again", async () => {
  await using server = await serveEcho({ udp: true });
  await using caller = callUdp(server.listener.port, { caller: "Test.udp" });
  // There is a socket before the call that is too late: it is surely sent.
  await caller.client.text({ number: 1 });
  await assert.rejects(caller.client.slow({ text: "x" }, { timeoutMs: 50 }), withCode(Code.DeadlineExceeded));
  await server.entered(2);
  await caller.client.text({ number: 1 });
  assert.equal(server.seen.contexts.length, 3);
  assert.equal(server.seen.contexts[1]?.caller, "Test.udp");
  assert.equal(caller.channel.inFlight, 0);
  server.release();
});

test("calls over one channel are matched by sequence, and stop with their signal, the channel and the listener", async () => {
  await using server = await serveEcho({ udp: true });
  const caller = callUdp(server.listener.port, { maxCalls: 20, timeoutMs: 20_000 });
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  const answers = await Promise.all(numbers.map((number) => caller.client.text({ number })));
  assert.deepEqual(
    answers.map(({ number }) => number),
    numbers,
  );
  const controller = new AbortController();
  const given = caller.client.slow({ text: "x" }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(given, withCode(Code.Canceled));
  const left = caller.client.slow({ text: "x" });
  const leftOver = assert.rejects(left, withCode(Code.Canceled));
  await caller.channel.close();
  await leftOver;
  await assert.rejects(caller.client.text({ number: 1 }), withCode(Code.Unavailable));
});

test("udp cannot be had with tls or a unix socket, and a port that is taken is an error", async () => {
  await assert.rejects(serveEcho({ path: "/tmp/never.sock", udp: true }), RangeError);
  await using socket = await rawSocket();
  const { MethodTable } = await import("@msec/rpc");
  await assert.rejects(listen({ methods: new MethodTable(), port: socket.address().port, udp: true }), {
    code: "EADDRINUSE",
  });
});

test("only this machine and private networks are private", () => {
  for (const address of [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "::1",
    "fd00::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
  ]) {
    assert.ok(isPrivatePeer(address), address);
  }
  for (const address of ["8.8.8.8", "172.32.0.1", "11.0.0.1", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"]) {
    assert.ok(!isPrivatePeer(address), address);
  }
});
