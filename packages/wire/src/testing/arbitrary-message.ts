import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import fc from "fast-check";
import { LocalForm, localForm } from "../codec/field-kind.ts";

type Fields = Record<string, unknown>;

/**
 * Random messages of a type, for property tests: every field absent, at its limits or anything between.
 *
 * @param depth  how many levels of messages are nested at most
 */
export function arbitraryMessage(desc: DescMessage, depth = 3): fc.Arbitrary<Message> {
  return arbitraryFields(desc, depth).map((fields) => create(desc, fields as never));
}

/** Random plain objects with the fields of a type: nothing in them has a `$typeName`. */
export function arbitraryFields(desc: DescMessage, depth = 3): fc.Arbitrary<Fields> {
  const required: Record<string, fc.Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const member of desc.members) {
    const value = member.kind === "oneof" ? arbitraryOneof(member.fields, depth) : arbitraryField(member, depth);
    if (value === undefined) continue;
    required[member.localName] = value;
    if (member.kind === "field" && member.presence === 3) requiredKeys.push(member.localName);
  }
  return fc.record(required, { requiredKeys, noNullPrototype: true }) as fc.Arbitrary<Fields>;
}

function arbitraryOneof(fields: readonly DescField[], depth: number): fc.Arbitrary<unknown> {
  const cases: fc.Arbitrary<unknown>[] = [fc.constant({ case: undefined })];
  for (const field of fields) {
    const value = arbitraryField(field, depth);
    if (value !== undefined) cases.push(value.map((item) => ({ case: field.localName, value: item })));
  }
  return fc.oneof(...cases);
}

function arbitraryField(field: DescField, depth: number): fc.Arbitrary<unknown> | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return arbitraryScalar(field.scalar, field.longAsString);
    case "enum":
      return fc.constantFrom(...field.enum.values.map((value) => value.number));
    case "message":
      return arbitraryChild(field, depth);
    case "list": {
      const item =
        field.listKind === "message"
          ? arbitraryChild(field, depth)
          : field.listKind === "enum"
            ? fc.constantFrom(...field.enum.values.map((value) => value.number))
            : arbitraryScalar(field.scalar, field.longAsString);
      return item && fc.array(item, { maxLength: 5 });
    }
    case "map": {
      const item =
        field.mapKind === "message"
          ? arbitraryChild(field, depth)
          : field.mapKind === "enum"
            ? fc.constantFrom(...field.enum.values.map((value) => value.number))
            : arbitraryScalar(field.scalar, false);
      return (
        item &&
        fc.dictionary(arbitraryScalar(field.mapKey, false).map(String), item, { maxKeys: 4, noNullPrototype: true })
      );
    }
  }
}

function arbitraryChild(
  field: DescField & { message: DescMessage; fieldKind: "message" | "list" | "map" },
  depth: number,
): fc.Arbitrary<unknown> | undefined {
  if (depth <= 1) return undefined;
  switch (localForm(field)) {
    case LocalForm.Json:
      return fc.dictionary(fc.string(), fc.jsonValue().map(withoutNegativeZero), { maxKeys: 3, noNullPrototype: true });
    case LocalForm.Wrapper: {
      const value = field.message.fields[0];
      return value?.fieldKind === "scalar" ? arbitraryScalar(value.scalar, false) : undefined;
    }
    default:
      return arbitraryFields(field.message, depth - 1);
  }
}

// JSON has no -0, and a dictionary may not keep it apart from 0 when it is compared.
function withoutNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const longText = fc.integer({ min: 0, max: 400 }).map((length) => "long text é ".repeat(length).slice(0, length));

/** Random values of a scalar type, its limits among them. */
function arbitraryScalar(scalar: ScalarType, longAsString: boolean): fc.Arbitrary<unknown> {
  const long = (value: fc.Arbitrary<bigint>) => (longAsString ? value.map(String) : value);
  switch (scalar) {
    case ScalarType.STRING:
      return fc.oneof(
        fc.string(),
        fc.string({ unit: "binary" }),
        longText,
        fc.constant("\uFEFFmark"),
        fc.constant("__proto__"),
      );
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 200 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.FLOAT:
      return fc.float();
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return long(fc.oneof(fc.bigInt(-200n, 200n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)));
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return long(fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 2n ** 64n - 1n)));
    default:
      return fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer());
  }
}
