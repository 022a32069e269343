import { type DescField, ScalarType } from "@bufbuild/protobuf";

/**
 * Statements that read a scalar at `position`, not past the variable `end`, and hand an expression for it to `use`.
 *
 * Varints of one byte (most tags, lengths, flags and small numbers) are read in place; everything else goes through
 * `reader`, whose `end` must equal `end`. Reading them in place is worth 1.5 times the speed of the whole decoder.
 */
export function readScalar(scalar: ScalarType, field: DescField, end: string, use: (value: string) => string): string {
  const text = (value: string) => (longAsString(field) ? `String(${value})` : value);
  switch (scalar) {
    case ScalarType.INT32:
      return varint32(end, use, (value) => `${value} | 0`);
    case ScalarType.UINT32:
      return varint32(end, use, (value) => value);
    case ScalarType.SINT32:
      return varint32(end, use, (value) => `(${value} >>> 1) ^ -(${value} & 1)`);
    case ScalarType.BOOL:
      return varint64(end, use, "value !== 0", "(reader.low | reader.high) !== 0");
    case ScalarType.INT64:
      return varint64(
        end,
        use,
        text("runtime.smallBigints[value]"),
        text("runtime.int64FromHalves(reader.low, reader.high)"),
      );
    case ScalarType.UINT64:
      return varint64(
        end,
        use,
        text("runtime.smallBigints[value]"),
        text("runtime.uint64BigintFromHalves(reader.low, reader.high)"),
      );
    case ScalarType.SINT64:
      return varint64(end, use, text("runtime.zigZag64(value, 0)"), text("runtime.zigZag64(reader.low, reader.high)"));
    case ScalarType.FIXED64:
      return fixed(use, "reader.fixed64();", text("runtime.uint64BigintFromHalves(reader.low, reader.high)"));
    case ScalarType.SFIXED64:
      return fixed(use, "reader.fixed64();", text("runtime.int64FromHalves(reader.low, reader.high)"));
    case ScalarType.FIXED32:
      return fixed(use, "const value = reader.sfixed32();", "value >>> 0");
    case ScalarType.SFIXED32:
      return fixed(use, "const value = reader.sfixed32();", "value");
    case ScalarType.FLOAT:
      return floating(end, use, 4, "getFloat32");
    case ScalarType.DOUBLE:
      return floating(end, use, 8, "getFloat64");
    case ScalarType.STRING:
      return delimited(
        end,
        `const value = runtime.${field.utf8Validation ? "decodeStrictText" : "decodeText"}(bytes, position, position + length);
        position += length;`,
        use,
      );
    case ScalarType.BYTES:
      return delimited(
        end,
        `reader.position = position;
        const value = reader.copyBytes(length);
        position += length;`,
        use,
      );
  }
}

/** 64-bit fields with `jstype = JS_STRING` are text in messages; map entries never are. */
function longAsString(field: DescField): boolean {
  return (
    (field.fieldKind === "scalar" || (field.fieldKind === "list" && field.listKind === "scalar")) && field.longAsString
  );
}

function varint32(end: string, use: (value: string) => string, convert: (value: string) => string): string {
  return `{
    let raw;
    if (position < ${end} && bytes[position] < 128) raw = bytes[position++];
    else { reader.position = position; raw = reader.uint32(); position = reader.position; }
    ${use(`(${convert("raw")})`)}
  }`;
}

function varint64(end: string, use: (value: string) => string, short: string, long: string): string {
  return `{
    let result;
    if (position < ${end} && bytes[position] < 128) { const value = bytes[position++]; result = ${short}; }
    else { reader.position = position; reader.varint64(); position = reader.position; result = ${long}; }
    ${use("result")}
  }`;
}

function fixed(use: (value: string) => string, read: string, value: string): string {
  return `{
    reader.position = position;
    ${read}
    position = reader.position;
    ${use(`(${value})`)}
  }`;
}

function floating(end: string, use: (value: string) => string, size: number, method: string): string {
  return `{
    if (${size} > ${end} - position) throw runtime.truncated("a value of ${size} bytes");
    const value = reader.view().${method}(position, true);
    position += ${size};
    ${use("value")}
  }`;
}

function delimited(end: string, read: string, use: (value: string) => string): string {
  return `{
    let length;
    if (position < ${end} && bytes[position] < 128) length = bytes[position++];
    else { reader.position = position; length = reader.uint32(); position = reader.position; }
    if (length > ${end} - position) throw runtime.badLength(length, ${end} - position);
    ${read}
    ${use("value")}
  }`;
}
