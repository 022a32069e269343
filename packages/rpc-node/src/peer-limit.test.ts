import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { Code, createClient, RpcError } from "@msec/rpc";
import { EchoService } from "../gen/echo_pb.js";
import { createChannel } from "./channel/create-channel.ts";
import { serveEcho } from "./testing/echo-service.ts";

/** An address of this machine that is not loopback: connections to it come from it. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;
const skip = address === undefined ? "this machine has no address but loopback" : false;

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: address!, port });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, String(holds));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A channel pauses after a connection that failed. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  let answer: T | undefined;
  let isDone = false;
  const deadline = performance.now() + 20_000;
  while (!isDone) {
    try {
      answer = await call();
      isDone = true;
    } catch (error) {
      assert.ok(performance.now() < deadline, String(error));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return answer!;
}

async function lastWords(socket: Socket, bytes: string): Promise<string> {
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket.setEncoding("latin1")) {
    text += chunk;
  }
  return text;
}

test("a peer that has all its connections is told so in its own protocol, counted, and has room again when one closes", {
  skip,
}, async () => {
  await using server = await serveEcho({ address, limits: { connections: { maxPerPeer: 2, firstByteMs: 60_000 } } });
  const { listener } = server;
  const { port } = listener;
  const held = [await opened(port), await opened(port)];
  await until(() => listener.connections === 2);

  await using channel = createChannel({ address: address!, port });
  const echo = createClient(EchoService, channel.call);
  const calls = await Promise.allSettled([1, 2, 3].map(() => echo.echo({ message: Buffer.from("x") })));
  for (const call of calls) {
    const { reason } = call as PromiseRejectedResult;
    assert.ok(reason instanceof RpcError);
    assert.ok(reason.details.notExecuted || reason.details.notSent, String(reason));
  }
  const { reason } = calls[0] as PromiseRejectedResult;
  assert.equal(reason.code, Code.ResourceExhausted);
  assert.match(reason.message, /has connections\.maxPerPeer 2 connections here already/);

  const http = await lastWords(
    await opened(port),
    "POST /?methodName=echo.EchoService.Echo HTTP/1.1\r\nhost: x\r\n\r\n",
  );
  assert.match(http, /^HTTP\/1\.1 429 [\s\S]*"ret":-\d+,"errmsg":".*connections\.maxPerPeer 2/);

  const session = connectHttp2(`http://${address}:${port}`);
  session.on("error", () => {});
  const [code, , why] = await new Promise<[number, number, Buffer]>((resolve) =>
    session.once("goaway", (...said) => resolve(said as unknown as [number, number, Buffer])),
  );
  assert.equal(code, 11);
  assert.match(why.toString(), /connections\.maxPerPeer 2/);
  session.destroy();

  assert.ok(listener.refused.perPeer >= 3);
  assert.equal(listener.refused.full, 0);
  held[0]!.destroy();
  await until(() => listener.connections === 1);
  assert.equal(Buffer.from((await again(() => echo.echo({ message: Buffer.from("y") }))).message).toString(), "y");
  held[1]!.destroy();
});

test("addresses that stand for many peers, and this machine itself, are not counted", { skip }, async () => {
  for (const options of [{ address, sharedPeers: [`${address}/32`] }, { address: "127.0.0.1" }]) {
    await using server = await serveEcho({ ...options, limits: { connections: { maxPerPeer: 1 } } });
    const sockets = await Promise.all(
      [1, 2, 3].map(() => connect({ host: options.address!, port: server.listener.port })),
    );
    await until(() => server.listener.connections === 3);
    assert.equal(server.listener.refused.perPeer, 0);
    for (const socket of sockets) {
      socket.destroy();
    }
  }
});
