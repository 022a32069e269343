import assert from "node:assert/strict";
import { sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { certificateFingerprint, createTlsIdentity } from "@msec/process";
import { Code, createClient, type RpcError } from "@msec/rpc";
import { EchoService } from "../gen/echo_pb.js";
import { createChannel } from "./channel/create-channel.ts";
import type { ListenerTls } from "./listener-tls.ts";
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

/** The same certificate, which ended with the year 2000. */
function expired({ key, cert }: { key: string; cert: string }): { key: string; cert: string } {
  const old = new X509Certificate(cert).raw;
  const bodyAt = contentOf(old, 0).start;
  const bodyEnd = contentOf(old, bodyAt).end;
  const body = Buffer.from(old.toString("latin1", bodyAt, bodyEnd).replace("9999", "2000"), "latin1");
  const signature = sign("sha256", body, key);
  const algorithm = old.subarray(bodyEnd, contentOf(old, bodyEnd).end);
  const all = Buffer.concat([body, algorithm, Buffer.of(3, signature.length + 1, 0), signature]);
  const head = Buffer.of(0x30, 0x82, all.length >> 8, all.length & 0xff);
  return { key, cert: new X509Certificate(Buffer.concat([head, all])).toString() };
}

/** Where an element of DER has its content, and where it ends. */
function contentOf(der: Buffer, at: number): { start: number; end: number } {
  const bytes = der[at + 1]! < 0x80 ? 0 : der[at + 1]! & 0x7f;
  const start = at + 2 + bytes;
  return { start, end: start + (bytes === 0 ? der[at + 1]! : der.readUIntBE(at + 2, bytes)) };
}

test("a client whose certificate is not let in hears why before any handler runs, and so does the owner, once", async () => {
  const old = expired(client);
  const noChain = { ...server, requestCert: true, ca: client.cert };
  const cases: [ListenerTls, { key?: string; cert?: string }, RegExp][] = [
    [mutual, { key: stranger.key, cert: stranger.cert }, /none of those that are let in/],
    [mutual, {}, /demands a certificate of its callers, and none came/],
    [noChain, {}, /demands a certificate of its callers, and none came/],
    [
      noChain,
      { key: stranger.key, cert: stranger.cert },
      /own issuer and does not lead to .*DEPTH_ZERO_SELF_SIGNED_CERT/,
    ],
    [{ ...noChain, ca: old.cert }, old, /has expired \(CERT_HAS_EXPIRED\)/],
  ];
  for (const [tls, own, why] of cases) {
    const notices: string[] = [];
    await using echo = await serveEcho({ tls, onNotice: (notice) => notices.push(notice) });
    for (let i = 0; i < 2; i++) {
      await using caller = callEcho(echo.listener, { tls: { ...pinned, ...own } });
      await assert.rejects(caller.client.text({ number: 5 }), (error: RpcError) => {
        assert.equal(error.code, Code.Unauthenticated);
        assert.equal(error.details.notExecuted, true);
        assert.match(error.message, why);
        return true;
      });
    }
    assert.equal(echo.seen.contexts.length, 0);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, why);
  }
});

test("a client that the authority of a port has signed is let in", async () => {
  await using echo = await serveEcho({ tls: { ...server, requestCert: true, ca: client.cert } });
  await using caller = callEcho(echo.listener, { tls: { ...pinned, key: client.key, cert: client.cert } });
  assert.equal((await caller.client.text({ number: 5 })).number, 5);
});

test("HTTP, gRPC and SRPC without TLS are told that a port speaks TLS only, and the owner hears of it", async () => {
  const notices: string[] = [];
  await using echo = await serveEcho({ tls: mutual, onNotice: (notice) => notices.push(notice) });
  const { port } = echo.listener;
  await using http = await RawConnection.open(port);
  http.send("POST /?methodName=echo.EchoService.Echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}");
  await http.end();
  assert.match(
    http.received.toString(),
    /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"ret":-\d+,"errmsg":"this port speaks TLS only; call it with TLS \(https\)","code":"failed_precondition"/,
  );

  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const [code, , why] = await new Promise<[number, number, Buffer]>((resolve) =>
    session.once("goaway", (...said) => resolve(said as unknown as [number, number, Buffer])),
  );
  assert.equal(code, 12);
  assert.match(why.toString(), /TLS only/);
  session.destroy();

  await using plain = callEcho(echo.listener);
  await assert.rejects(plain.client.text({ number: 5 }), (error: RpcError) => {
    assert.equal(error.code, Code.FailedPrecondition);
    assert.match(error.message, /TLS only/);
    return true;
  });
  assert.equal(echo.seen.contexts.length, 0);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^127\.0\.0\.1:\d+ called without TLS, which this port demands/);
});

test("TLS to a port without it is answered with an alert, and the owner hears of it", async () => {
  const notices: string[] = [];
  await using echo = await serveEcho({ onNotice: (notice) => notices.push(notice) });
  for (let i = 0; i < 2; i++) {
    await using caller = callEcho(echo.listener, { tls: pinned });
    await assert.rejects(caller.client.text({ number: 5 }), (error: RpcError) => {
      assert.equal(error.code, Code.Unavailable);
      assert.equal(error.details.notSent, true);
      assert.match(error.message, /handshake failure|HANDSHAKE_FAILURE/);
      return true;
    });
  }
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /called with TLS, which this port does not speak/);
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

test("bytes of no protocol on a TLS port, and a handshake that never goes on, are closed", async () => {
  await using echo = await serveEcho({ tls: mutual, limits: { connections: { firstByteMs: 100 } } });
  await using plain = await RawConnection.open(echo.listener.port);
  plain.send("hello");
  await plain.end();
  await using silent = await RawConnection.open(echo.listener.port);
  await silent.end();
  assert.deepEqual([plain.received.length, silent.received.length], [0, 0]);
});

test("a handshake that comes byte by byte is one, and connections that are reset in the middle of theirs hurt nobody", async () => {
  await using echo = await serveEcho({ tls: mutual });
  const slow = createServer((socket) => {
    const onwards = connect({ port: echo.listener.port, host: "127.0.0.1", noDelay: true });
    for (const end of [socket, onwards]) end.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      for (const byte of bytes) onwards.write(Buffer.of(byte));
    });
    onwards.pipe(socket);
    socket.on("close", () => onwards.destroy());
  });
  slow.listen(0, "127.0.0.1");
  await once(slow, "listening");
  const hello = Buffer.from("16030100c8010000c40303", "hex");
  for (let i = 0; i < 50; i++) {
    await using raw = await RawConnection.open(echo.listener.port);
    raw.socket.write(hello.subarray(0, 1 + (i % hello.length)), () => raw.socket.resetAndDestroy());
    await raw.end();
  }
  const { port } = slow.address() as AddressInfo;
  await using channel = createChannel(
    { address: "127.0.0.1", port },
    { tls: { ...pinned, key: client.key, cert: client.cert }, limits: { connect: { timeoutMs: 60_000 } } },
  );
  assert.equal((await createClient(EchoService, channel.call, { timeoutMs: 60_000 }).text({ number: 5 })).number, 5);
  assert.equal(echo.seen.contexts.length, 1);
  slow.close();
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
