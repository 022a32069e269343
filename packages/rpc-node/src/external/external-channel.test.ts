import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Code, RpcError } from "@msec/rpc";
import { createExternalChannel } from "./external-channel.ts";
import type { ExternalCodec } from "./external-codec.ts";

// A protocol of the test: length (4 bytes, of the rest), sequence (4 bytes), text.
function encode(sequence: number, text: string): Buffer {
  const packet = Buffer.alloc(8 + Buffer.byteLength(text));
  packet.writeUInt32BE(packet.length - 4);
  packet.writeUInt32BE(sequence, 4);
  packet.write(text, 8);
  return packet;
}

const view = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const textOf = (packet: Uint8Array) => view(packet).toString("utf8", 8);
const sequenceOf = (packet: Uint8Array) => view(packet).readUInt32BE(4);

const plain: ExternalCodec<string, string> = {
  encode: (text, sequence) => encode(sequence, text),
  packetLength: (buffer) => {
    if (buffer.length < 4) return 0;
    const length = view(buffer).readUInt32BE();
    return length < 4 || length > 0x7fffffff ? -1 : length + 4;
  },
  decode: textOf,
};
const pipelined: ExternalCodec<string, string> = { ...plain, sequenceOf };

type Answer = (packet: Buffer, send: (bytes: Uint8Array) => void, socket: Socket | undefined) => void;

/** A server of that protocol, which handles each packet as the test says. */
async function serve(answer: Answer, where: { path: string } | { port: number } = { port: 0 }) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let held = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= held.readUInt32BE() + 4) {
        const length = held.readUInt32BE() + 4;
        answer(held.subarray(0, length), (bytes) => socket.write(bytes), socket);
        held = held.subarray(length);
      }
    });
  });
  server.listen({ ...where, ...("port" in where ? { host: "127.0.0.1" } : {}) });
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    target: "path" in where ? where : { address: "127.0.0.1", port },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const rejection = async (call: Promise<unknown>): Promise<RpcError> => {
  const [outcome] = await Promise.allSettled([call]);
  assert.ok(outcome.status === "rejected" && outcome.reason instanceof RpcError, JSON.stringify(outcome));
  return outcome.reason;
};

test("with sequences, calls share one connection and take their own answer, in any order", async () => {
  const waiting: (() => void)[] = [];
  await using server = await serve((packet, send) => {
    waiting.push(() => send(encode(sequenceOf(packet), `re: ${textOf(packet)}`)));
    if (waiting.length === 50) for (const reply of waiting.reverse()) reply();
  });
  await using channel = createExternalChannel(server.target, pipelined);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => channel.call(`n${i}`)));
  assert.deepEqual(
    answers.map(({ response }) => response),
    Array.from({ length: 50 }, (_, i) => `re: n${i}`),
  );
  assert.deepEqual([answers[0]!.requestBytes, answers[0]!.responseBytes], [10, 14]);
  assert.equal(server.sockets.length, 1);
});

test("without sequences, a connection carries one call at a time, and there are no more than the limit", async () => {
  const held: (() => void)[] = [];
  let running = 0;
  let most = 0;
  await using server = await serve((packet, send) => {
    most = Math.max(most, ++running);
    held.push(() => {
      running--;
      send(encode(0, `re: ${textOf(packet)}`));
    });
    // Nobody is answered until four are there at once.
    if (most < 4) return;
    for (const reply of held.splice(0)) setTimeout(reply, 1);
  });
  await using channel = createExternalChannel(server.target, plain, { limits: { connections: { max: 4 } } });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => channel.call(`n${i}`)));
  assert.deepEqual(
    answers.map(({ response }) => response),
    Array.from({ length: 40 }, (_, i) => `re: n${i}`),
  );
  assert.deepEqual([server.sockets.length, most], [4, 4]);
});

test("without sequences, the late answer of a call that was given up is not taken for the next one's", async () => {
  let calls = 0;
  await using server = await serve((packet, send) => {
    // The answer to the second comes late.
    if (calls++ === 1) setTimeout(() => send(encode(0, "late")), 60);
    else setTimeout(() => send(encode(0, textOf(packet))), 80);
  });
  await using channel = createExternalChannel(server.target, plain, { limits: { connections: { max: 1 } } });
  // There is a connection before the call that is too late: it is surely sent.
  assert.equal((await channel.call("zero")).response, "zero");
  const first = await rejection(channel.call("one", { timeoutMs: 30, method: "Jsoup.Crawl" }));
  assert.equal(first.code, Code.DeadlineExceeded);
  assert.match(first.message, /^Jsoup\.Crawl at 127\.0\.0\.1:\d+: no answer in 30 ms$/);
  assert.equal((await channel.call("two")).response, "two");
});

test("with sequences, a late answer is ignored and the connection stays", async () => {
  let late: Buffer | undefined;
  await using server = await serve((packet, send) => {
    const answer = encode(sequenceOf(packet), textOf(packet));
    if (textOf(packet) === "late") {
      late = answer;
      return;
    }
    send(late ? Buffer.concat([late, answer]) : answer);
    late = undefined;
  });
  await using channel = createExternalChannel(server.target, pipelined);
  // There is a connection before the call that is too late: it is surely sent.
  await channel.call("first");
  assert.equal((await rejection(channel.call("late", { timeoutMs: 10 }))).code, Code.DeadlineExceeded);
  assert.equal((await channel.call("kept")).response, "kept");
  assert.deepEqual([channel.ignoredPackets, server.sockets.length], [1, 1]);
});

test("over UDP, with and without sequences; a datagram that is no packet fails or is ignored", async () => {
  const server = createSocket("udp4");
  server.on("message", (packet, from) => {
    const text = textOf(packet);
    const answer = text === "bad" ? Buffer.from([255, 255, 255, 255]) : encode(sequenceOf(packet), `re: ${text}`);
    server.send(answer, from.port, from.address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const target = { address: "127.0.0.1", port: server.address().port, protocol: "udp" } as const;
  await using one = createExternalChannel(target, plain);
  await using many = createExternalChannel(target, pipelined);
  for (const channel of [one, many]) {
    const answers = await Promise.all(["a", "b", "c"].map((text) => channel.call(text)));
    assert.deepEqual(
      answers.map(({ response }) => response),
      ["re: a", "re: b", "re: c"],
    );
  }
  assert.match(one.address, /@udp$/);
  const bad = await rejection(one.call("bad"));
  assert.equal(bad.code, Code.Internal);
  assert.match(bad.message, /no packet of this protocol/);
  assert.equal((await rejection(many.call("bad", { timeoutMs: 30 }))).code, Code.DeadlineExceeded);
  // On a busy machine it comes after the call has ended.
  while (many.ignoredPackets === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(many.ignoredPackets, 1);
  const large = await rejection(one.call("x".repeat(70_000)));
  assert.deepEqual([large.code, large.details.notSent], [Code.ResourceExhausted, true]);
  server.close();
});

test("a UDP port where nothing listens is said to be so", async () => {
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  await using channel = createExternalChannel({ address: "127.0.0.1", port, protocol: "udp" }, plain);
  const error = await rejection(channel.call("x"));
  assert.equal(error.code, Code.Unavailable);
  assert.match(error.message, /nothing listens there \(ECONNREFUSED\)/);
});

test("a unix socket is called like a port", async () => {
  const directory = await mkdtemp(join(tmpdir(), "msec-external-"));
  try {
    const path = join(directory, "s.sock");
    await using _server = await serve((packet, send) => send(packet), { path });
    await using channel = createExternalChannel({ path }, plain);
    assert.equal((await channel.call("x")).response, "x");
    assert.equal(channel.address, `unix:${path}`);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("what is none of the protocol, and what is too large, closes the connection and fails its calls with why", async () => {
  let bytes = Buffer.from([255, 255, 255, 255, 9, 9]);
  await using server = await serve((_, send) => send(bytes));
  await using channel = createExternalChannel(server.target, pipelined, { limits: { packets: { maxBytes: 1_000 } } });
  const bad = await rejection(channel.call("x"));
  assert.equal(bad.code, Code.Internal);
  assert.match(
    bad.message,
    /no packet of this protocol \(packetLength -1\) begins with ffffffff0909; the connection is closed/,
  );
  bytes = Buffer.from([0, 0, 16, 0]);
  const large = await rejection(channel.call("x"));
  assert.equal(large.code, Code.ResourceExhausted);
  assert.match(large.message, /4100 bytes is above packets\.maxBytes 1000/);
  assert.equal(server.sockets.length, 2);
});

test("a place where nothing listens fails as not sent, then backs off, for those that wait as well", async () => {
  const gone = await serve(() => {});
  await gone[Symbol.asyncDispose]();
  await using channel = createExternalChannel(gone.target, plain, {
    limits: { connections: { max: 1 }, connect: { backoffMs: 10_000, maxBackoffMs: 10_000 } },
  });
  const errors = await Promise.all([1, 2, 3].map(() => rejection(channel.call("x"))));
  for (const error of errors) assert.deepEqual([error.code, error.details.notSent], [Code.Unavailable, true]);
  assert.match(
    (await rejection(channel.call("x"))).message,
    /nothing listens there \(ECONNREFUSED\); tried again in \d+ ms/,
  );
});

test("a connection that breaks fails what was sent, not as unsent, and what waits goes out on the next one", async () => {
  let calls = 0;
  await using server = await serve((packet, send, socket) => {
    if (calls++ === 0) socket!.destroy();
    else send(packet);
  });
  await using channel = createExternalChannel(server.target, plain, { limits: { connections: { max: 1 } } });
  const [broken, waited] = [rejection(channel.call("one")), channel.call("two")];
  const error = await broken;
  assert.equal(error.code, Code.Unavailable);
  assert.equal(error.details.notSent, undefined);
  assert.equal((await waited).response, "two");
});

test("faults of a codec are told apart by where they are", async () => {
  await using server = await serve((packet, send) => send(packet));
  const broken = () => {
    throw new Error("out of luck");
  };
  await using encodes = createExternalChannel(server.target, { ...plain, encode: broken });
  const unsent = await rejection(encodes.call("x", { method: "Jsoup.Crawl" }));
  assert.deepEqual([unsent.code, unsent.details.notSent], [Code.InvalidArgument, true]);
  assert.match(unsent.message, /Jsoup\.Crawl cannot be sent: encode failed: out of luck/);
  await using decodes = createExternalChannel(server.target, { ...plain, decode: broken });
  const unread = await rejection(decodes.call("x"));
  assert.equal(unread.code, Code.Internal);
  assert.match(unread.message, /cannot be read: out of luck/);
  await using numbers = createExternalChannel(server.target, { ...plain, sequenceOf: broken });
  assert.match(
    (await rejection(numbers.call("x"))).message,
    /sequenceOf failed: out of luck; the connection is closed/,
  );
  await using empty = createExternalChannel(server.target, { ...plain, encode: () => new Uint8Array() });
  assert.match((await rejection(empty.call("x"))).message, /encode gave no bytes/);
});

test("limits, a signal, and a close are kept", async () => {
  await using server = await serve(() => {});
  const channel = createExternalChannel(server.target, plain, {
    limits: { calls: { max: 2 }, connections: { max: 1 } },
  });
  const controller = new AbortController();
  const given = rejection(channel.call("x", { signal: controller.signal }));
  const closed = rejection(channel.call("y"));
  assert.equal((await rejection(channel.call("z"))).code, Code.ResourceExhausted);
  assert.equal((await rejection(channel.call("z", { timeoutMs: 0 }))).code, Code.InvalidArgument);
  controller.abort();
  assert.equal((await given).code, Code.Canceled);
  await channel.close({ graceMs: 20 });
  assert.equal((await closed).code, Code.Canceled);
  assert.equal((await rejection(channel.call("x"))).code, Code.Unavailable);
  assert.deepEqual([channel.inFlight, channel.connections], [0, 0]);
  assert.throws(
    () => createExternalChannel(server.target, plain, { limits: { calls: { max: 0 } } }),
    /limits.calls.max 0/,
  );
});

test("connections that nobody uses are closed", async () => {
  await using server = await serve((packet, send) => send(packet));
  await using channel = createExternalChannel(server.target, plain, { limits: { connections: { idleMs: 20 } } });
  await channel.call("x");
  await once(server.sockets[0]!, "close");
  assert.equal(channel.connections, 0);
  assert.equal((await channel.call("again")).response, "again");
});
