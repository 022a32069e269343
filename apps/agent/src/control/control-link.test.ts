import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import type { Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import { createKeyAndCertificate } from "../identity/create-identity.ts";
import { ControlServer } from "../testing/control-server.ts";
import { ControlLink } from "./control-link.ts";

test("a server that cannot take something is still reached; that it cannot is said once, and that it can again", async () => {
  await using server = await ControlServer.start();
  const { privateKey, certificate } = createKeyAndCertificate("host");
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  const log = { debug() {}, info: say, warn: say, error: say } as unknown as Log;
  const link = new ControlLink(log, () => {});
  const ending = new AbortController();
  let asked = 0;
  link.setTarget({ server: server.address, serverFingerprint: server.fingerprint, privateKey, certificate });
  const unavailable = new RpcError(Code.Unavailable, "the store does not answer for 3 s");
  server.refuseTelemetry = () => (asked < 3 ? unavailable : undefined);
  server.hosts.set(fingerprintOf(certificate), "h1");
  await link.repeat("reporting telemetry", ending.signal, async (client) => {
    if (asked++ > 0) assert.ok(link.status.connected);
    await client.reportTelemetry({ sequence: BigInt(asked), envelopes: [] });
    ending.abort();
  });
  await link.close();
  assert.equal(asked, 3);
  assert.deepEqual(lines, [
    "connected to the server",
    "reporting telemetry: the server refused",
    "reporting telemetry: the server accepts it again",
  ]);
});

function fingerprintOf(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
}
