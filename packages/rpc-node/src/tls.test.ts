import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { certificateFingerprint, createTlsIdentity } from "@msec/process";
import { Code, createClient, type RpcError } from "@msec/rpc";
import { EchoService } from "../gen/echo_pb.js";
import { createChannel } from "./channel/create-channel.ts";
import { callEcho, serveEcho } from "./testing/echo-service.ts";
import { RawConnection } from "./testing/raw-connection.ts";

function identity(name: string): { key: string; cert: string; fingerprint: string } {
  const { key, certificate } = createTlsIdentity(name);
  return { key, cert: certificate, fingerprint: certificateFingerprint(certificate) };
}

const [server, client, stranger] = [identity("localhost"), identity("client"), identity("stranger")];
const pinned = { verify: (fingerprint: string) => fingerprint === server.fingerprint };
const mutual = { ...server, requestCert: true, verify: (fingerprint: string) => fingerprint === client.fingerprint };

test("with pinned certificates on both sides a call goes through, and the handler knows whose it is", async () => {
  await using echo = await serveEcho({ tls: mutual });
  await using caller = callEcho(echo.listener, { tls: { ...pinned, key: client.key, cert: client.cert } });
  assert.equal((await caller.client.text({ number: 5, text: "x".repeat(100_000) })).text.length, 100_000);
  assert.equal(echo.seen.contexts[0]?.peerCertificate, client.fingerprint);
});

test("a client with another certificate, or none, is closed before any handler runs", async () => {
  await using echo = await serveEcho({ tls: mutual });
  for (const identity of [{ key: stranger.key, cert: stranger.cert }, {}]) {
    await using caller = callEcho(echo.listener, { tls: { ...pinned, ...identity } });
    await assert.rejects(caller.client.text({ number: 5 }), (error: RpcError) => error.code === Code.Unavailable);
  }
  assert.equal(echo.seen.contexts.length, 0);
});

test("without requestCert clients need no certificate", async () => {
  await using echo = await serveEcho({ tls: { key: server.key, cert: server.cert } });
  await using caller = callEcho(echo.listener, { tls: pinned });
  await caller.client.text({ number: 5 });
  assert.equal(echo.seen.contexts[0]?.peerCertificate, undefined);
});

test("a server with another certificate than the pinned one is not called", async () => {
  await using echo = await serveEcho({ tls: { key: stranger.key, cert: stranger.cert } });
  await using caller = callEcho(echo.listener, { tls: pinned });
  await assert.rejects(caller.client.text({ number: 5 }), (error: RpcError) => {
    assert.equal(error.code, Code.Unauthenticated);
    assert.equal(error.details.notSent, true);
    return true;
  });
  assert.equal(echo.seen.contexts.length, 0);
});

test("without a pin the chain is checked", async () => {
  await using echo = await serveEcho({ tls: { key: server.key, cert: server.cert } });
  await using distrusting = callEcho(echo.listener, { tls: {} });
  await assert.rejects(distrusting.client.text({ number: 5 }), (error: RpcError) => error.code === Code.Unavailable);
  const { port } = echo.listener;
  await using trusting = createChannel({ address: "localhost", port }, { tls: { ca: server.cert } });
  await createClient(EchoService, trusting.call).text({ number: 5 });
});

test("plain bytes on a TLS port, and a handshake that never goes on, are closed", async () => {
  await using echo = await serveEcho({ tls: mutual, limits: { connections: { firstByteMs: 100 } } });
  await using plain = await RawConnection.open(echo.listener.port);
  plain.send("(hello");
  await plain.end();
  await using silent = await RawConnection.open(echo.listener.port);
  await silent.end();
  const socket = connect(echo.listener.port);
  socket.destroy();
});

test("a call that waits for the connection past its deadline was not sent, is not sent later, and the next one is", async () => {
  await using echo = await serveEcho({ tls: { key: server.key, cert: server.cert } });
  const held = Promise.withResolvers<void>();
  // The handshake waits until it is let through.
  const gate = createServer((socket) => {
    void held.promise.then(() => {
      const onwards = connect(echo.listener.port, "127.0.0.1");
      socket.on("error", () => onwards.destroy());
      onwards.on("error", () => socket.destroy());
      socket.pipe(onwards).pipe(socket);
    });
  });
  gate.listen(0, "127.0.0.1");
  await once(gate, "listening");
  const { port } = gate.address() as AddressInfo;
  await using channel = createChannel(
    { address: "127.0.0.1", port },
    { tls: pinned, limits: { connect: { timeoutMs: 60_000 } } },
  );
  const client = createClient(EchoService, channel.call, { timeoutMs: 60_000 });
  const first = client.text({ number: 1 });
  const abort = new AbortController();
  const canceled = client.text({ number: 2 }, { signal: abort.signal });
  const late = client.text({ number: 3 }, { timeoutMs: 20 });
  const last = client.text({ number: 4 });
  await assert.rejects(late, (error: RpcError) => {
    assert.equal(error.code, Code.DeadlineExceeded);
    assert.equal(error.details.notSent, true);
    assert.match(error.message, /no connection in \d+ ms, so nothing of the call was sent/);
    return true;
  });
  abort.abort();
  await assert.rejects(canceled, (error: RpcError) => error.code === Code.Canceled);
  held.resolve();
  assert.equal((await first).number, 1);
  assert.equal((await last).number, 4);
  assert.equal(echo.seen.contexts.length, 2);
  gate.close();
});
