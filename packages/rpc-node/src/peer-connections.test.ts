import assert from "node:assert/strict";
import { test } from "node:test";
import { PeerConnections } from "./peer-connections.ts";

test("a peer has so many connections, and room again for each that is closed; others have their own", () => {
  const peers = new PeerConnections(2, []);
  const first = peers.take("192.0.2.1");
  assert.equal(typeof first, "string");
  assert.equal(typeof peers.take("::ffff:192.0.2.1"), "string");
  assert.equal(peers.take("192.0.2.1"), false);
  assert.equal(typeof peers.take("192.0.2.2"), "string");
  peers.give(first as string);
  assert.equal(typeof peers.take("192.0.2.1"), "string");
  assert.equal(peers.take("192.0.2.1"), false);
});

test("addresses of one IPv6 network of 64 bits are one peer", () => {
  const peers = new PeerConnections(1, []);
  assert.equal(peers.take("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  assert.equal(peers.take("2001:db8:1:2::9"), false);
  assert.equal(peers.take("2001:db8:1:3::9"), "2001:db8:1:3");
  assert.equal(peers.take("2001:db8::1"), "2001:db8:0:0");
  assert.equal(peers.take("2001:db8::2:0:0:1"), false);
  assert.equal(peers.take("fe80::1%eth0"), "fe80:0:0:0");
  assert.equal(peers.take("::2"), "0:0:0:0");
});

test("this machine, and addresses that stand for many peers, are not counted", () => {
  const peers = new PeerConnections(1, ["10.0.0.5", "10.1.0.0/16", "fd00::/8"]);
  for (const address of [
    undefined,
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "10.0.0.5",
    "10.1.2.3",
    "fd12::7",
  ]) {
    assert.equal(peers.take(address), undefined, address);
  }
  assert.equal(typeof peers.take("10.0.0.6"), "string");
  for (const bad of ["", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129", "10.0.0"]) {
    assert.throws(() => new PeerConnections(1, [bad]), /sharedPeers ".*" is neither an address nor a network/, bad);
  }
});
