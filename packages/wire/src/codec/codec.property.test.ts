import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { arbitraryFields, arbitraryMessage } from "../testing/arbitrary-message.ts";
import { messageTypes } from "../testing/message-types.ts";
import { arbitraryMutations, mutate } from "../testing/mutate.ts";
import { WireError, WireReason } from "../wire-error.ts";
import { Writer } from "../writer.ts";
import { type Codec, compileCodec } from "./codec.ts";
import { createLibraryCodec } from "./library-codec.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

// WIRE_FUZZ_RUNS=1000 MSEC_FUZZ_SEED=2 for a long run by hand.
const runs = Number(process.env.WIRE_FUZZ_RUNS ?? 30);

/** Where the generated codec refuses what protobuf-es lets pass: lengths and elements that reach past what encloses them. */
const stricter: readonly WireReason[] = [
  WireReason.BadLength,
  WireReason.Truncated,
  WireReason.OverlongVarint,
  WireReason.BadGroup,
];

const writer = new Writer();

function encode(codec: Codec, fields: object): Uint8Array {
  writer.reset();
  codec.encode(fields, writer);
  return writer.copy();
}

/** Decode from the middle of a larger buffer, as frames are, whose surroundings must not be looked at. */
function decodeInside(codec: Codec, bytes: Uint8Array): Message {
  const buffer = new Uint8Array(bytes.length + 20).fill(0x0a);
  buffer.set(bytes, 7);
  const message = codec.decode(buffer, 7, 7 + bytes.length);
  buffer.fill(0xee);
  return message;
}

const codecs: [string, (desc: DescMessage) => Codec][] = [
  ["generated", compileCodec],
  ["library", createLibraryCodec],
];

for (const desc of messageTypes) {
  for (const [name, codecOf] of codecs) {
    const codec = codecOf(desc);

    test(`${desc.typeName}: the ${name} codec equals protobuf-es on random messages, both ways`, () => {
      fc.assert(
        fc.property(arbitraryMessage(desc), (message) => {
          const bytes = toBinary(desc, message);
          assert.deepEqual(encode(codec, message), bytes);
          assert.deepStrictEqual(decodeInside(codec, bytes), fromBinary(desc, bytes));
        }),
        { numRuns: runs },
      );
    });

    test(`${desc.typeName}: the ${name} codec encodes plain objects as create() and toBinary() do`, () => {
      fc.assert(
        fc.property(arbitraryFields(desc), (fields) => {
          const before = structuredClone(fields);
          assert.deepEqual(encode(codec, fields), toBinary(desc, create(desc, fields as never)));
          assert.deepEqual(fields, before);
        }),
        { numRuns: runs },
      );
    });
  }

  test(`${desc.typeName}: damaged bytes decode as protobuf-es does, or are refused`, () => {
    const codec = compileCodec(desc);
    fc.assert(
      fc.property(arbitraryMessage(desc), arbitraryMutations, (message, mutations) => {
        checkDamaged(codec, mutate(toBinary(desc, message), mutations));
      }),
      { numRuns: runs * 3 },
    );
  });

  test(`${desc.typeName}: bytes of any other type decode as protobuf-es does, or are refused`, () => {
    const codec = compileCodec(desc);
    fc.assert(
      fc.property(
        fc.constantFrom(...messageTypes).chain((other) => arbitraryMessage(other).map((m) => toBinary(other, m))),
        (bytes) => {
          checkDamaged(codec, bytes);
        },
      ),
      { numRuns: runs },
    );
  });
}

function checkDamaged(codec: Codec, bytes: Uint8Array): void {
  let expected: Message | undefined;
  try {
    expected = fromBinary(codec.desc, bytes);
  } catch {
    // Refused by protobuf-es: must be refused by us.
  }
  let found: Message;
  try {
    found = decodeInside(codec, bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, `${error}`);
    assert.ok(
      expected === undefined || stricter.includes(error.reason),
      `refused as ${error.reason}: ${error.message}`,
    );
    return;
  }
  assert.ok(expected !== undefined, "decoded what protobuf-es refuses");
  if (hasClosedEnum(codec.desc)) {
    // protobuf-es 2.17 drops unknown enum values of a message that also has unknown fields; we keep both.
    dropUnknown(found);
    dropUnknown(expected);
  }
  assert.deepStrictEqual(found, expected);
}

function hasClosedEnum(desc: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some(
    (field) => (field.enum && !field.enum.open) || (field.message && hasClosedEnum(field.message, seen)),
  );
}

function dropUnknown(value: unknown): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  delete (value as Message).$unknown;
  for (const child of Object.values(value)) dropUnknown(child);
}
