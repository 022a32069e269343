import assert from "node:assert/strict";
import { Code } from "@msec/rpc";
import type { Peer } from "../peer.ts";
import type { HostileRow } from "../row.ts";
import { field, frame, methodName } from "../srpc-bytes.ts";

const entry = (key: Uint8Array | string, value: Uint8Array | string = "") =>
  field(102, Buffer.concat([field(1, key), field(2, value)]));
const withFields = (...fields: Uint8Array[]) =>
  frame(Buffer.concat([field(10, 1), field(51, methodName("Tell")), ...fields]));

function told(peer: Peer): { metadata: Record<string, string>; hops: number; remainingMs: number | null } {
  const text = peer.answers[0]!.body.toString();
  return JSON.parse(text.slice(text.indexOf("{")));
}

const refused = (id: string, title: string, fields: () => Uint8Array[], code: Code): HostileRow => ({
  id,
  title,
  sends: () => withFields(...fields()),
  expects: { codes: [code], err: code === Code.ResourceExhausted ? -9 : -4, closes: false },
});
const served = (id: string, title: string, fields: () => Uint8Array[], check: (peer: Peer) => void): HostileRow => ({
  id,
  title,
  sends: () => withFields(...fields()),
  expects: { codes: [Code.Ok], closes: false, entered: 1 },
  check,
});

/** Metadata, deadlines and hops: what a caller says beside its request. */
export const metadataRows: readonly HostileRow[] = [
  refused(
    "R-20d",
    "65 metadata entries",
    () => Array.from({ length: 65 }, (_, i) => entry(`k${i}`)),
    Code.ResourceExhausted,
  ),
  refused("R-20e", "a metadata key of 129 bytes", () => [entry("k".repeat(129))], Code.ResourceExhausted),
  refused("R-20f", "17 KiB of metadata", () => [entry("k", Buffer.alloc(17 * 1024))], Code.ResourceExhausted),
  refused("R-20g", "a metadata entry without a key", () => [field(102, field(2, "v"))], Code.InvalidArgument),
  refused("R-20h", "a metadata key that is not UTF-8", () => [entry(Buffer.of(0xc3, 0x28))], Code.InvalidArgument),
  refused(
    "R-20i",
    "a metadata entry that is cut",
    () => [field(102, Buffer.of(0x0a, 0x09, 0x61))],
    Code.InvalidArgument,
  ),
  served(
    "R-20j",
    "reserved keys from outside do not reach the handler, in any spelling; others beside them do",
    () => [
      entry("msec-caller", "forged"),
      entry("Grpc-Timeout", "1S"),
      entry("MSEC-hops", "9"),
      entry("msecond", "kept"),
    ],
    (peer) => assert.deepEqual(told(peer).metadata, { msecond: "kept" }),
  ),
  served(
    "R-20k",
    "metadata keys __proto__ and constructor stay keys",
    () => [entry("__proto__", "x"), entry("constructor", "y")],
    (peer) => assert.deepEqual(Object.keys(told(peer).metadata), ["__proto__", "constructor"]),
  ),
  served(
    "R-20l",
    "a metadata value that is not text is no error",
    () => [entry("k-bin", Buffer.of(0xff, 0x00, 0xfe))],
    (peer) => assert.equal(told(peer).metadata["k-bin"]?.length, 3),
  ),
  served(
    "R-23a",
    "timeout 0 is no deadline",
    () => [field(101, 0)],
    (peer) => assert.equal(told(peer).remainingMs, null),
  ),
  served(
    "R-23b",
    "timeout 2^32-1 ms is a deadline like any other",
    () => [field(101, 0xffff_ffff)],
    (peer) => assert.ok(told(peer).remainingMs! > 4e9),
  ),
  served(
    "R-23c",
    "of a timeout of 2^64-1 the low 32 bits count, as protobuf reads an uint32",
    () => [field(101, 2n ** 64n - 1n)],
    (peer) => assert.ok(told(peer).remainingMs! <= 0xffff_ffff),
  ),
  {
    id: "R-23d",
    title: "a handler that never ends is answered for at its deadline, and hears of it",
    sends: () => frame(Buffer.concat([field(10, 1), field(51, methodName("Hold")), field(101, 30)])),
    expects: { codes: [Code.DeadlineExceeded], closes: false, entered: 1 },
  },
  {
    id: "R-23e",
    title: "a deadline of 2^32-1 ms on a handler that waits arms no timer that fires at once",
    sends: () => frame(Buffer.concat([field(10, 1), field(51, methodName("Hold")), field(101, 0xffff_ffff)])),
    expects: { silence: true, closes: false, entered: 1 },
  },
  served(
    "R-25a",
    "hops 32 is served",
    () => [field(105, 32)],
    (peer) => assert.equal(told(peer).hops, 32),
  ),
  ...[33, 0xffff_ffff].map(
    (hops, index): HostileRow => ({
      id: `R-25b${index + 1}`,
      title: `hops ${hops}: taken for a circle of calls`,
      sends: () => withFields(field(105, hops)),
      expects: { codes: [Code.FailedPrecondition], closes: false },
    }),
  ),
];
