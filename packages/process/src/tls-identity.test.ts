import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { certificateFingerprint, createTlsIdentity } from "./tls-identity.ts";

test("makes a self-signed certificate that belongs to its key and never expires", () => {
  const { key, certificate } = createTlsIdentity("msec server");
  const read = new X509Certificate(certificate);
  assert.equal(read.subject, "CN=msec server");
  assert.ok(read.checkPrivateKey(createPrivateKey(key)));
  assert.ok(read.verify(read.publicKey));
  assert.equal(read.ca, false);
  assert.equal(read.validToDate.getUTCFullYear(), 9999);
  assert.equal(certificateFingerprint(certificate), read.fingerprint256.replaceAll(":", "").toLowerCase());
});

test("makes another one each time", () => {
  const [one, other] = [createTlsIdentity("a"), createTlsIdentity("a")];
  assert.notEqual(certificateFingerprint(one.certificate), certificateFingerprint(other.certificate));
  assert.notEqual(
    new X509Certificate(one.certificate).serialNumber,
    new X509Certificate(other.certificate).serialNumber,
  );
});

test("serves both ends of mutually authenticated TLS 1.3", async () => {
  const [server, client] = [createTlsIdentity("msec server"), createTlsIdentity("msec agent")];
  const accepting = createServer({
    key: server.key,
    cert: server.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  accepting.listen(0, "127.0.0.1");
  await once(accepting, "listening");
  const { port } = accepting.address() as AddressInfo;
  const accepted = once(accepting, "secureConnection") as Promise<[TLSSocket]>;
  // The pinned certificate is its own authority; its name is not a host's.
  const socket = connect({
    host: "127.0.0.1",
    port,
    key: client.key,
    cert: client.certificate,
    ca: server.certificate,
    checkServerIdentity: () => undefined,
  });
  try {
    await once(socket, "secureConnect");
    const [peer] = await accepted;
    assert.ok(socket.authorized);
    assert.equal(socket.getProtocol(), "TLSv1.3");
    assert.equal(
      certificateFingerprint(peer.getPeerX509Certificate()!.toString()),
      certificateFingerprint(client.certificate),
    );
  } finally {
    socket.destroy();
    accepting.close();
  }
});

test("refuses a name that it cannot write", () => {
  assert.throws(() => createTlsIdentity("a/CN=b"), RangeError);
});
