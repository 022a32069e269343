import assert from "node:assert/strict";
import { test } from "node:test";
import {
  create,
  type DescMessage,
  fromBinary,
  getExtension,
  hasExtension,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import * as editions from "../../gen/editions_pb.js";
import * as proto2 from "../../gen/proto2_pb.js";
import * as proto3 from "../../gen/proto3_pb.js";
import { bytesFromHex } from "../testing/hex.ts";
import { WireError, WireReason } from "../wire-error.ts";
import { Writer } from "../writer.ts";
import { type Codec, compileCodec } from "./codec.ts";
import { createLibraryCodec } from "./library-codec.ts";

function encode(codec: Codec, fields: object): Uint8Array {
  const writer = new Writer({ initialBytes: 1 });
  codec.encode(fields, writer);
  return writer.copy();
}

function decode<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array) {
  return compileCodec(desc).decode(bytes, 0, bytes.length);
}

function refuses(reason: WireReason, pattern: RegExp = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof WireError, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, pattern);
    return true;
  };
}

test("a descriptor has one codec", () => {
  assert.equal(compileCodec(proto3.TreeSchema), compileCodec(proto3.TreeSchema));
  assert.equal(compileCodec(proto3.TreeSchema).desc, proto3.TreeSchema);
});

for (const [name, codecOf] of [
  ["generated", compileCodec],
  ["library", createLibraryCodec],
] as [string, (desc: DescMessage) => Codec][]) {
  test(`${name}: a message of another type gives its fields, not its defaults and unknown fields`, () => {
    const other = create(proto2.PresenceSchema, { stringValue: "own" });
    other.$unknown = [{ no: 900, wireType: 0, data: Uint8Array.of(1) }];
    assert.equal(other.int32Value, -7, "a default on the prototype");
    assert.deepEqual(
      encode(codecOf(editions.PresenceSchema), other),
      toBinary(editions.PresenceSchema, create(editions.PresenceSchema, { stringValue: "own" })),
    );
  });

  test(`${name}: the same holds for messages inside it`, () => {
    const inner = create(proto2.PresenceSchema, { stringValue: "a" });
    const fields = { kind: { case: "nested", value: { kind: { case: "scalars", value: inner } } } };
    assert.deepEqual(
      encode(codecOf(proto3.OneofsSchema), fields),
      toBinary(
        proto3.OneofsSchema,
        create(proto3.OneofsSchema, {
          kind: {
            case: "nested",
            value: { kind: { case: "scalars", value: { stringValue: "a" } } },
          },
        }),
      ),
    );
  });

  test(`${name}: a missing required field is an error that names it, and the writer stays as it was`, () => {
    const writer = new Writer();
    writer.string("before");
    const before = writer.copy();
    assert.throws(
      () => codecOf(proto2.RequiredSchema).encode({ name: "n" }, writer),
      refuses(
        WireReason.MissingField,
        /^cannot encode field wire\.test\.p2\.Required\.number to binary: required field not set$/,
      ),
    );
    assert.throws(
      () => codecOf(proto2.RequiredSchema).encode({ name: "n", number: 1, nested: { name: "x" } }, writer),
      refuses(WireReason.MissingField),
    );
    assert.deepEqual(writer.copy(), before);
  });

  test(`${name}: values out of range are refused with the field's name`, () => {
    const bad: [object, RegExp][] = [
      [{ int32Value: 2 ** 31 }, /wire\.test\.p3\.Scalars\.int32_value.*invalid int32: 2147483648/],
      [{ int32Value: 1.5 }, /int32_value.*1\.5/],
      [{ int32Value: {} }, /int32_value/],
      [{ uint32Value: -1 }, /uint32_value.*-1/],
      [{ sint32Value: Number.NaN }, /sint32_value/],
      [{ fixed32Value: 2 ** 32 }, /fixed32_value/],
      [{ int64Value: 2n ** 63n }, /int64_value/],
      [{ uint64Value: -1n }, /uint64_value/],
      [{ fixed64Value: "no number" }, /fixed64_value/],
      [{ floatValue: 1e39 }, /float_value/],
    ];
    for (const [fields, pattern] of bad) {
      assert.throws(() => encode(codecOf(proto3.ScalarsSchema), fields), refuses(WireReason.BadValue, pattern));
    }
  });

  test(`${name}: numbers given as text and small integers for 64-bit fields are accepted, as in protobuf-es`, () => {
    const fields = { int32Value: "-5", int64Value: 7, uint64Value: "18446744073709551615", floatValue: "NaN" };
    assert.deepEqual(
      encode(codecOf(proto3.ScalarsSchema), fields),
      toBinary(proto3.ScalarsSchema, create(proto3.ScalarsSchema, fields as never)),
    );
  });

  test(`${name}: null and absent fields are not sent, arrays of numbers are bytes`, () => {
    const fields = { int32Value: null, stringValue: undefined, bytesValue: [1, 2] };
    assert.deepEqual(encode(codecOf(proto3.ScalarsSchema), fields), bytesFromHex("7a020102"));
  });

  test(`${name}: what is no object is no message`, () => {
    for (const value of [undefined, null, 5, "text", []]) {
      assert.throws(
        () => encode(codecOf(proto3.TreeSchema), value as never),
        refuses(WireReason.BadValue, /wire\.test\.p3\.Tree/),
      );
    }
  });

  test(`${name}: a message that contains itself is refused`, () => {
    const tree: { name: string; left?: object } = { name: "root" };
    tree.left = tree;
    const writer = new Writer();
    assert.throws(() => codecOf(proto3.TreeSchema).encode(tree, writer), WireError);
    assert.equal(writer.position, 0);
  });
}

test("wrong types of values are refused with the field's name, and their content is not told", () => {
  const bad: [DescMessage, object, RegExp][] = [
    [proto3.ScalarsSchema, { stringValue: 5 }, /string_value.*invalid string/],
    [proto3.ScalarsSchema, { boolValue: "secret" }, /bool_value.*invalid bool: string$/],
    [proto3.ScalarsSchema, { bytesValue: "secret" }, /bytes_value.*invalid bytes: string$/],
    [proto3.ScalarsSchema, { doubleValue: {} }, /double_value/],
    [proto3.ListsSchema, { int32s: 5 }, /int32s.*invalid array/],
    [proto3.ListsSchema, { int32s: [1, "x"] }, /int32s/],
    [proto3.ListsSchema, { messages: [null] }, /Scalars/],
    [proto3.MapsSchema, { strings: [] }, /strings.*invalid object/],
    [proto3.MapsSchema, { int32s: { abc: 1n } }, /int32s/],
    [proto3.MapsSchema, { bools: { maybe: 1 } }, /bools/],
    [proto3.OneofsSchema, { kind: { case: "number", value: undefined } }, /number/],
    [proto3.TreeSchema, { left: "x" }, /Tree/],
  ];
  for (const [desc, fields, pattern] of bad) {
    assert.throws(
      () => encode(compileCodec(desc), fields),
      (error) => {
        refuses(WireReason.BadValue, pattern)(error);
        assert.doesNotMatch((error as Error).message, /secret/);
        return true;
      },
    );
  }
});

test("an explicitly set default is sent, an inherited one is not", () => {
  const defaults = create(proto2.PresenceSchema);
  assert.equal(encode(compileCodec(proto2.PresenceSchema), defaults).length, 0);
  const set = create(proto2.PresenceSchema, {
    int32Value: -7,
    doubleValue: Number.NaN,
    boolValue: true,
    stringValue: 'a"b\n',
  });
  assert.deepEqual(encode(compileCodec(proto2.PresenceSchema), set), toBinary(proto2.PresenceSchema, set));
});

test("packed and unpacked lists are read from either form, also mixed", () => {
  const mixed = new BinaryWriter()
    .tag(3, 0)
    .int32(-1)
    .tag(3, 2)
    .fork()
    .int32(2)
    .int32(300)
    .join()
    .tag(3, 0)
    .int32(4)
    .finish();
  assert.deepEqual(decode(proto3.ListsSchema, mixed).int32s, [-1, 2, 300, 4]);
  const packed = new BinaryWriter().tag(19, 2).fork().double(1.5).double(-0).join().finish();
  assert.deepEqual(decode(proto3.ListsSchema, packed).unpackedDoubles, [1.5, -0]);
});

test("an element of a packed list must not reach past the list", () => {
  assert.throws(() => decode(proto3.ListsSchema, bytesFromHex("1a01 80 01")), refuses(WireReason.Truncated));
  assert.throws(
    () => decode(proto3.ListsSchema, bytesFromHex("0a07 00000000000000 00")),
    refuses(WireReason.Truncated),
  );
});

test("an enum value that a closed enum does not have is kept as an unknown field, beside others", () => {
  const bytes = new BinaryWriter()
    .tag(900, 0)
    .uint32(1)
    .tag(1, 0)
    .int32(6)
    .tag(1, 0)
    .int32(-3)
    .tag(5, 0)
    .int32(-1)
    .finish();
  const message = decode(proto2.EnumsSchema, bytes);
  assert.equal(message.single, proto2.Closed.MINUS);
  assert.deepEqual(message.kind, { case: undefined });
  assert.deepEqual(
    message.$unknown?.map(({ no, data }) => [no, data.length]),
    [
      [900, 1],
      [1, 1],
      [5, 10],
    ],
  );
  assert.deepEqual(decode(proto2.EnumsSchema, encode(compileCodec(proto2.EnumsSchema), message)), message);
});

test("extensions survive as unknown fields", () => {
  const message = create(proto2.GroupsSchema);
  setExtension(message, proto2.note, "kept");
  const bytes = toBinary(proto2.GroupsSchema, message);
  const decoded = decode(proto2.GroupsSchema, bytes);
  assert.ok(hasExtension(decoded, proto2.note));
  assert.equal(getExtension(decoded, proto2.note), "kept");
  assert.deepEqual(encode(compileCodec(proto2.GroupsSchema), decoded), bytes);
});

test("a message field that comes twice is merged", () => {
  const bytes = bytesFromHex("1203 0a0161 1205 1a030a0162 1202 1200");
  assert.deepEqual(decode(proto3.TreeSchema, bytes), fromBinary(proto3.TreeSchema, bytes));
});

test("a map key __proto__ is a key", () => {
  const fields = { strings: JSON.parse('{"__proto__":"x"}') };
  const bytes = encode(compileCodec(proto3.MapsSchema), fields);
  const { strings } = decode(proto3.MapsSchema, bytes);
  assert.deepEqual(Object.entries(strings), [["__proto__", "x"]]);
  assert.equal(Object.getPrototypeOf(strings), Object.prototype);
});

test("UTF-8 is checked where the field asks for it", () => {
  assert.throws(() => decode(proto3.TreeSchema, bytesFromHex("0a02 c328")), refuses(WireReason.BadUtf8));
  assert.equal(decode(editions.MixedSchema, bytesFromHex("4a02 c328")).unverified, "\uFFFD(");
});

test("nesting is read down to level 100 and refused below", () => {
  const nested = (levels: number) => {
    let bytes = new Uint8Array(0);
    for (let i = 1; i < levels; i++) bytes = new BinaryWriter().tag(2, 2).bytes(bytes).finish();
    return bytes;
  };
  assert.deepEqual(decode(proto3.TreeSchema, nested(100)), fromBinary(proto3.TreeSchema, nested(100)));
  assert.throws(() => decode(proto3.TreeSchema, nested(101)), refuses(WireReason.TooDeep));
  assert.throws(() => decode(proto3.TreeSchema, new Uint8Array(500).fill(0x7b)), refuses(WireReason.TooDeep));
  assert.throws(() => decode(editions.MixedSchema, new Uint8Array(500).fill(0x3b)), refuses(WireReason.TooDeep));
});

const broken: [string, DescMessage, string, WireReason][] = [
  ["an unfinished tag", proto3.TreeSchema, "8a", WireReason.Truncated],
  ["a tag of more than 32 bits", proto3.TreeSchema, "8080808010", WireReason.BadTag],
  ["field number 0", proto3.TreeSchema, "0001", WireReason.BadTag],
  ["wire type 6", proto3.TreeSchema, "0e01", WireReason.BadTag],
  ["a string past the end", proto3.TreeSchema, "0a0561", WireReason.BadLength],
  ["a string of 4 GiB", proto3.TreeSchema, "0affffffff0f", WireReason.BadLength],
  ["a packed list of 4 GiB", proto3.ListsSchema, "0affffffff0f", WireReason.BadLength],
  ["a string past the end of its message", proto3.TreeSchema, "1202 0a05 6162636465", WireReason.BadLength],
  ["an unfinished double", proto3.ScalarsSchema, "0900", WireReason.Truncated],
  ["an unfinished varint", proto3.ScalarsSchema, "18ff", WireReason.Truncated],
  ["a varint of eleven bytes", proto3.ScalarsSchema, "20 ffffffffffffffffffff 01", WireReason.OverlongVarint],
  ["an unknown varint of eleven bytes", proto3.TreeSchema, "f801 ffffffffffffffffffff 01", WireReason.OverlongVarint],
  ["an end of group alone", proto3.TreeSchema, "7c", WireReason.BadGroup],
  ["a group that is not closed", proto2.GroupsSchema, "0b 0801", WireReason.BadGroup],
  ["a group closed by another number", proto2.GroupsSchema, "0b 0801 14", WireReason.BadGroup],
];
for (const [name, desc, hex, reason] of broken) {
  test(`refuses ${name}`, () => {
    const bytes = bytesFromHex(hex);
    assert.throws(() => decode(desc, bytes), refuses(reason));
  });
}

test("decodes from a Buffer without referring to its memory", () => {
  const bytes = Buffer.from(
    encode(compileCodec(proto3.ScalarsSchema), { bytesValue: new Uint8Array(100).fill(1), doubleValue: 2.5 }),
  );
  const message = decode(proto3.ScalarsSchema, bytes);
  bytes.fill(0);
  assert.equal(Object.getPrototypeOf(message.bytesValue), Uint8Array.prototype);
  assert.ok(message.bytesValue.every((byte) => byte === 1));
  assert.equal(message.doubleValue, 2.5);
});

test("library: broken bytes are a WireError too", () => {
  const bytes = bytesFromHex("0a0561");
  assert.throws(
    () => createLibraryCodec(proto3.TreeSchema).decode(bytes, 0, bytes.length),
    refuses(WireReason.Malformed),
  );
});

test("a body cannot turn into two hundred times its size through unknown fields", () => {
  const bytes = (count: number) => Uint8Array.from({ length: count * 2 }, (_, i) => (i % 2 === 0 ? 0x78 : 1));
  assert.equal(decode(proto3.TreeSchema, bytes(16_384)).$unknown?.length, 16_384);
  assert.throws(() => decode(proto3.TreeSchema, bytes(16_385)), refuses(WireReason.TooLarge));
});

test("refuses more nested messages, and more elements of repeated bytes, than their bytes justify", () => {
  // A tree's children, empty; two bytes each.
  const field = proto3.TreeSchema.fields.find(({ fieldKind, name }) => fieldKind === "list" && name === "children")!;
  const children = (count: number) =>
    new Uint8Array(count * 2).map((_, i) => (i % 2 === 0 ? (field.number << 3) | 2 : 0));
  const allowed = 65_535 + Math.floor((65_535 * 2) / 16);
  assert.doesNotThrow(() => decode(proto3.TreeSchema, children(65_535)));
  assert.throws(() => decode(proto3.TreeSchema, children(allowed * 2)), refuses(WireReason.TooLarge));
});
