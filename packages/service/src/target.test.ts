import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, type RpcError } from "@msec/rpc";
import { type Place, placeName } from "./place.ts";
import { parseTarget } from "./target.ts";

const forms: [text: string, target: object, name?: string][] = [
  ["Flight.mod_flight", { service: "Flight.mod_flight" }],
  ["127.0.0.1:7963", { address: "127.0.0.1", port: 7963 }],
  ["127.0.0.1:7963@tcp", { address: "127.0.0.1", port: 7963 }, "127.0.0.1:7963"],
  ["127.0.0.1:7963@udp", { address: "127.0.0.1", port: 7963, protocol: "udp" }],
  ["127.0.0.1:50051@grpc", { address: "127.0.0.1", port: 50_051, protocol: "grpc" }],
  ["[::1]:7963", { address: "::1", port: 7963 }],
  ["[fe80::1]:53@udp", { address: "fe80::1", port: 53, protocol: "udp" }],
  ["localhost:1", { address: "localhost", port: 1 }],
  ["db-1.example.com:65535", { address: "db-1.example.com", port: 65_535 }],
  ["unix:/run/flight.sock", { path: "/run/flight.sock" }],
  ["unix:/run/a b@udp", { path: "/run/a b@udp" }],
];
for (const [text, target, name] of forms) {
  test(`${text} is read`, () => {
    const read = parseTarget(text);
    assert.deepEqual(read, target);
    if (read.service === undefined) assert.equal(placeName(read as Place), name ?? text);
  });
}

for (const text of [
  "",
  "Flight",
  "a.b",
  "Flight.mod_flight.x",
  "Flight mod.x",
  "Flight.mod_flight@udp",
  "127.0.0.1",
  "127.0.0.1:0",
  "127.0.0.1:99999",
  "127.0.0.1:7963@",
  "127.0.0.1:7963@sctp",
  "127.0.0.1:7963@udp@tcp",
  "127.0.0.1:7963\n",
  "::1:7963",
  "[::1]",
  "unix:",
  "unix:relative.sock",
  "unix:/a\0b",
  `unix:/${"x".repeat(107)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 30))} is refused, with the forms that there are`, () => {
    assert.throws(
      () => parseTarget(text),
      (error: RpcError) =>
        error.code === Code.InvalidArgument &&
        error.details.notSent === true &&
        /unix:\/run\/flight\.sock/.test(error.message),
    );
  });
}
