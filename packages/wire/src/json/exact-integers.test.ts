import assert from "node:assert/strict";
import { test } from "node:test";
import { messageTypes } from "../testing/message-types.ts";
import { compileJsonCodec } from "./json-codec.ts";

/** The message of a type that a JSON text stands for. */
function read(type: string, text: string): object {
  const desc = messageTypes.find(({ typeName }) => typeName === `wire.test.p3.${type}`)!;
  return compileJsonCodec(desc).read(JSON.parse(text), text);
}

test("integers of 64 bits without quotes are read as exactly as those with, wherever they stand", () => {
  const cases: [string, string][] = [
    ["Scalars", '{"int64Value":#9007199254740993#,"uint64_value":#18446744073709551615#}'],
    ["Scalars", '{"sint64Value":#-9223372036854775808#,"sfixed64Value":#-9007199254740993#}'],
    ["Scalars", '{"fixed64Value":#9007199254740995#,"textInt64":#9007199254740993#,"text_fixed64":#9007199254740997#}'],
    ["Scalars", '{"int64Value":#12345678901234567#,"int32Value":7,"unknown":12345678901234567}'],
    ["Optionals", '{"int64Value":#9007199254740993#,"scalars":{"uint64Value":#9007199254740993#}}'],
    [
      "Lists",
      '{"int64s":[1,#9007199254740993#],"textUint64s":[#9007199254740993#],"messages":[{"int64Value":#9007199254740993#}]}',
    ],
    ["Maps", '{"int32s":{"1":#9007199254740993#},"fixed64s":{"9007199254740993":#9007199254740993#}}'],
    ["Maps", '{"nested":{"__proto__":{"messages":{"a":{"int64Value":#9007199254740993#}}}}}'],
    ["Oneofs", '{"nested":{"long":#9007199254740993#}}'],
    ["Oneofs", '{"unsigned":#9007199254740993#}'],
    ["WellKnown", '{"wrappedInt64":#9007199254740993#}'],
    ["Order", '{"created_us":#9007199254740993#,"items":[{"price":12345678901234567890}],"total":0.12345678901234567}'],
  ];
  for (const [type, form] of cases) {
    const plain = form.replaceAll("#", "");
    assert.deepEqual(read(type, plain), read(type, form.replaceAll("#", '"')), plain);
  }
});

test("an integer may have a point and an exponent, and is exact all the same", () => {
  for (const [text, value] of [
    ["9007199254740993.0", 9007199254740993n],
    ["90071992547409930e-1", 9007199254740993n],
    ["0.9007199254740993e16", 9007199254740993n],
    ["123456789012345e4", 1234567890123450000n],
    ["9e18", 9_000_000_000_000_000_000n],
    ["-0.000000000000000000e400", 0n],
    ["1000000000000000e-15", 1n],
  ] as const) {
    assert.equal((read("Scalars", `{"int64Value":${text}}`) as { int64Value: bigint }).int64Value, value, text);
  }
});

test("what is no integer of 64 bits is refused by the name of its field, not rounded", () => {
  for (const [text, why] of [
    [
      "9007199254740993.5",
      /wire\.test\.p3\.Scalars\.int64_value: expected an integer of 64 bits, found 9007199254740993\.5/,
    ],
    ["4503599627370497.25", /expected an integer/],
    ["9223372036854775808", /out of range|int64/],
    ["9e300", /int64/],
    ["1e400000", /int64/],
  ] as const) {
    assert.throws(() => read("Scalars", `{"int64Value":${text}}`), why, text);
  }
});

test("numbers that are no integers of 64 bits are what they were without a look at the text", () => {
  for (const [type, text] of [
    ["Scalars", '{"doubleValue":12345678901234567890,"int64Value":1}'],
    ["Scalars", '{"doubleValue":9007199254740993,"int64Value":1}'],
    ["WellKnown", '{"value":9007199254740993,"struct":{"a":[9007199254740993,{"int64Value":9007199254740993}]}}'],
    ["Lists", '{"doubles":[9007199254740993],"int64s":[1]}'],
    ["Maps", '{"int64s":{"1":9007199254740993}}'],
  ] as const) {
    const desc = messageTypes.find(({ typeName }) => typeName === `wire.test.p3.${type}`)!;
    assert.deepEqual(read(type, text), compileJsonCodec(desc).read(JSON.parse(text)), text);
  }
  // Not a text, though the digits would make one.
  assert.throws(() => read("Scalars", '{"stringValue":9007199254740993}'), /string/);
  assert.throws(() => read("Scalars", '{"int32Value":9007199254740993,"int64Value":1}'), /int32/);
});
