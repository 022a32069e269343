import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type DescMessage, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { arbitraryFields, arbitraryMessage } from "../testing/arbitrary-message.ts";
import { messageTypes } from "../testing/message-types.ts";
import { compileJsonCodec } from "./json-codec.ts";
import { compilePlainReader } from "./plain-reader.ts";
import { compilePlainWriter } from "./plain-writer.ts";

// The same inputs each time: what a run finds, the change that it is run for has broken. Others by hand.
fc.configureGlobal({ seed: Number(process.env.MSEC_FUZZ_SEED ?? 1) });

// WIRE_FUZZ_RUNS=1000 for a long run by hand.
const runs = Number(process.env.WIRE_FUZZ_RUNS ?? 10);
const options = { alwaysEmitImplicit: true, useProtoFieldName: true };

/** A result, or the message of what was thrown. */
function outcome<T>(act: () => T): { readonly value: T } | { readonly error: string } {
  try {
    return { value: act() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const libraryWrite = (desc: DescMessage, fields: object) =>
  JSON.stringify(toJson(desc, create(desc, fields as never), options));
const libraryRead = (desc: DescMessage, json: JsonValue) => fromJson(desc, json, { ignoreUnknownFields: true });

/** Values that are wrong somewhere, or right in a way that few write. */
const oddJson = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<JsonValue>(
    null,
    "",
    "0",
    "-0",
    "1e2",
    " 1",
    "9223372036854775808",
    "18446744073709551615",
    "-9223372036854775809",
    "NaN",
    -0,
    1.5,
    2 ** 31,
    2 ** 53,
    1e39,
    "AQ==",
    "AQ",
    "AR==",
    "A-_/",
    "AQ==AQ==",
    "A Q==",
    "\ud800",
    "true",
    true,
    [],
    [null],
    {},
    { "\ud800": 1 },
    { __proto__: null, constructor: 1 },
  ),
);

for (const desc of messageTypes) {
  const codec = compileJsonCodec(desc);

  test(`${desc.typeName}: JSON text of messages and of plain objects is that of protobuf-es`, () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryMessage(desc), arbitraryFields(desc)), (fields) => {
        assert.deepEqual(
          outcome(() => codec.write(fields)),
          outcome(() => libraryWrite(desc, fields)),
        );
      }),
      { numRuns: runs },
    );
  });

  test(`${desc.typeName}: messages read from JSON are those of protobuf-es, by either name of a field`, () => {
    fc.assert(
      fc.property(arbitraryMessage(desc), fc.boolean(), (message, useProtoFieldName) => {
        const json = outcome(() => toJson(desc, message, { useProtoFieldName }));
        if ("value" in json) {
          const value = JSON.parse(JSON.stringify(json.value));
          assert.deepStrictEqual(codec.read(value), libraryRead(desc, value));
        }
      }),
      { numRuns: runs },
    );
  });

  test(`${desc.typeName}: JSON that is damaged is read or refused as by protobuf-es`, () => {
    fc.assert(
      fc.property(
        arbitraryMessage(desc),
        fc.array(fc.tuple(fc.nat(), fc.boolean(), oddJson as fc.Arbitrary<JsonValue>), { minLength: 1, maxLength: 3 }),
        (message, changes) => {
          const json = damaged(desc, message, changes);
          assert.deepStrictEqual(
            outcome(() => codec.read(json)),
            outcome(() => libraryRead(desc, json)),
          );
        },
      ),
      { numRuns: runs * 3 },
    );
  });

  test(`${desc.typeName}: objects that are wrong are written or refused as by protobuf-es`, () => {
    fc.assert(
      fc.property(
        arbitraryFields(desc),
        fc.nat(),
        fc.oneof(
          oddJson,
          fc.constantFrom(undefined, 5n, [1, 2], new Uint8Array(2), { case: "no" }, { $typeName: "x" }),
        ),
        fc.boolean(),
        (fields, index, odd, isMessage) => {
          const member = desc.members[index % Math.max(1, desc.members.length)];
          const changed: Record<string, unknown> = isMessage ? { ...create(desc, fields as never) } : { ...fields };
          if (member) changed[member.localName] = odd;
          assert.deepStrictEqual(
            outcome(() => codec.write(changed)),
            outcome(() => libraryWrite(desc, changed)),
          );
        },
      ),
      { numRuns: runs * 3 },
    );
  });
}

/** The JSON of a message with some of its members, or names that it does not have, set to something else. */
function damaged(
  desc: DescMessage,
  message: Message,
  changes: readonly (readonly [number, boolean, JsonValue])[],
): JsonValue {
  const json = outcome(() => toJson(desc, message));
  const object = { ...("value" in json ? (JSON.parse(JSON.stringify(json.value)) as object) : {}) } as Record<
    string,
    JsonValue
  >;
  for (const [index, byProtoName, value] of changes) {
    const field = desc.fields[index % Math.max(1, desc.fields.length)];
    object[field === undefined || index % 7 === 0 ? "unknown" : byProtoName ? field.name : field.jsonName] = value;
  }
  return object;
}

test("the short way is taken for what is usual, and not for what is odd", () => {
  const desc = messageTypes.find(({ typeName }) => typeName === "wire.test.p3.Scalars")!;
  const usual = {
    int32_value: 1,
    stringValue: "é",
    bytesValue: "AQI=",
    int64Value: "-7",
    boolValue: true,
    doubleValue: 1.5,
  };
  assert.ok(compilePlainReader(desc)(usual, 1));
  assert.equal(compilePlainReader(desc)({ ...usual, int32Value: 1 }, 1), undefined);
  assert.ok(compilePlainWriter(desc)({ int32Value: 1, stringValue: "é", bytesValue: Uint8Array.of(1) }, 1));
  assert.equal(compilePlainWriter(desc)({ int32Value: "1" }, 1), undefined);
});
