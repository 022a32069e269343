import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, createClient, type RpcError } from "@msec/rpc";
import { EchoService } from "../gen/echo_pb.js";
import { createChannel } from "./channel/create-channel.ts";
import { callHttpJson } from "./http-json/call-http-json.ts";
import { callEcho, serveEcho } from "./testing/echo-service.ts";
import { RawConnection, requestFrame } from "./testing/raw-connection.ts";

test("closing lets running calls finish and sends clients elsewhere without a call that may have run failing", async () => {
  const [first, second] = [await serveEcho(), await serveEcho()];
  const channels = [first, second].map((server) => createChannel({ address: "127.0.0.1", port: server.listener.port }));
  const [one, two] = channels.map((channel) => createClient(EchoService, channel.call));
  let elsewhere = 0;
  // What a balancer does: repeat elsewhere what certainly did not run, and nothing else.
  const call = async (number: number) => {
    try {
      return await one!.slow({ waitMs: 3, text: String(number) });
    } catch (thrown) {
      const { details } = thrown as RpcError;
      assert.ok(details.notSent || details.notExecuted, String(thrown));
      elsewhere++;
      return await two!.slow({ waitMs: 3, text: String(number) });
    }
  };
  const calls: Promise<unknown>[] = [];
  let closing: Promise<void> | undefined;
  for (let i = 0; i < 300; i++) {
    calls.push(call(i));
    if (i === 100) {
      await first.entered(50);
      closing = first.listener.close({ graceMs: 20_000 });
    }
    if (i % 10 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  await Promise.all(calls);
  await closing;
  assert.ok(elsewhere > 0);
  assert.equal(first.seen.contexts.length + second.seen.contexts.length, 300);
  for (const channel of channels) {
    await channel.close();
  }
  await second.listener.close();
});

test("a connection that is closed because it has no calls is left by its client first: no call fails by it", async () => {
  await using server = await serveEcho({ limits: { connections: { idleMs: 60 } } });
  const channel = createChannel({ address: "127.0.0.1", port: server.listener.port });
  const client = createClient(EchoService, channel.call);
  for (let i = 0; i < 5; i++) {
    assert.equal((await client.slow({ waitMs: 1, text: String(i) })).text, String(i));
    // Around the moment in which the server gives the connection up.
    await new Promise((resolve) => setTimeout(resolve, 60 + i * 5));
  }
  await channel.close();
});

test("a client of the original gets no frame that it did not ask for, but an answer to what it asks too late", async () => {
  const server = await serveEcho();
  const raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, "echo.EchoService.Slow", Buffer.from([0x12, 1, 0x61])));
  await server.entered(1);
  const closing = server.listener.close({ graceMs: 5_000 });
  raw.send(requestFrame(2, "echo.EchoService.Echo", Buffer.alloc(0)));
  const [refused] = await raw.answers(1);
  assert.equal(refused?.head.sequence, 2);
  assert.equal(refused.head.code, Code.Unavailable);
  assert.match(refused.head.errMsg, /is stopping/);
  server.release();
  assert.equal((await raw.answers(2))[1]?.head.sequence, 1);
  await raw.end();
  await closing;
});

test("what does not end within the grace is cancelled and answered", async () => {
  const server = await serveEcho();
  await using caller = callEcho(server.listener);
  const stuck = assert.rejects(caller.client.slow({ text: "x" }), (error: RpcError) => error.code === Code.Unavailable);
  await server.entered(1);
  await server.listener.close({ graceMs: 30 });
  await stuck;
  assert.equal((server.seen.canceled[0] as RpcError).code, Code.Unavailable);
  assert.equal(server.listener.connections, 0);
});

test("an HTTP request that runs is answered before the close ends; idle connections do not hold it up", async () => {
  const server = await serveEcho();
  await using idle = await RawConnection.open(server.listener.port);
  idle.send('POST /?methodName=echo.EchoService.Text HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\n\r\n{"number":1}');
  while (!idle.received.includes("errmsg")) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { port } = server.listener;
  const call = callHttpJson({ address: "127.0.0.1", port }, { method: "echo.EchoService.Slow", json: { text: "x" } });
  await server.entered(2);
  const closing = server.listener.close({ graceMs: 60_000 });
  // While the call of the other one still runs: were it waited for, or for the grace, that call would be cancelled.
  await idle.end();
  server.release();
  assert.deepEqual((await call).resultObj, { text: "x", number: 1, some_items: [] });
  await closing;
});

test("closing twice is closing once", async () => {
  const server = await serveEcho();
  await Promise.all([server.listener.close(), server.listener.close({ graceMs: 0 })]);
});

test("a listener that leaves to a successor executes what still comes on open connections, and tells those who understand", async () => {
  const server = await serveEcho();
  await using told = callEcho(server.listener);
  await told.client.text({ number: 1 });
  const raw = await RawConnection.open(server.listener.port);
  raw.send(requestFrame(1, "echo.EchoService.Echo", Buffer.alloc(0)));
  await raw.answers(1);
  let hasClosed = false;
  const closing = server.listener.close({ graceMs: 20_000, leaveMs: 20_000 }).then(() => {
    hasClosed = true;
  });
  raw.send(requestFrame(2, "echo.EchoService.Echo", Buffer.alloc(0)));
  const [, late] = await raw.answers(2);
  assert.equal(late?.head.sequence, 2);
  assert.equal(late.head.code, Code.Ok);
  // Two connections: the other one's end may hear of it a turn later.
  while (told.channel.state !== "idle") await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(hasClosed, false);
  // It waits no longer than there is anybody who could come.
  raw.socket.end();
  const startMs = performance.now();
  await told.channel.close();
  await closing;
  assert.ok(performance.now() - startMs < 15_000);

  const patient = await serveEcho();
  await using stays = await RawConnection.open(patient.listener.port);
  stays.send(requestFrame(1, "echo.EchoService.Echo", Buffer.alloc(0)));
  await stays.answers(1);
  await patient.listener.close({ graceMs: 20_000, leaveMs: 10 });
  await stays.end();
});
