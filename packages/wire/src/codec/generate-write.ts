import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { WireType } from "../reader.ts";
import { LocalForm, localForm, wireTypeOf } from "./field-kind.ts";
import { literal } from "./generate-make.ts";
import type { SourceScope } from "./source-scope.ts";

/**
 * Source of `write(writer, message)`: fields in order of number, then unknown fields of a message of this very type.
 *
 * `same` is true for messages of this type, `near` also for objects that are no message at all. Only messages of another type
 * (or of this one) can carry defaults on their prototype, which must not be taken for values.
 */
export function generateWrite(desc: DescMessage, sample: Message, scope: SourceScope): string {
  const fields = [...desc.fields].sort((a, b) => a.number - b.number);
  const state: string[] = [];
  const body = fields.map((field) => writeField(field, sample, scope, state));
  return `
${state.join("\n")}
function write(writer, message) {
  runtime.expectObject(${JSON.stringify(`message ${desc.typeName}`)}, message);
  const typeName = message.$typeName;
  const same = typeName === ${JSON.stringify(desc.typeName)};
  const near = same || typeof typeName !== "string";
  ${body.join("\n")}
  if (same && message.$unknown !== undefined) {
    for (const unknown of message.$unknown) {
      writer.uint32(((unknown.no << 3) | unknown.wireType) >>> 0);
      writer.raw(unknown.data);
    }
  }
}`;
}

function writeField(field: DescField, sample: Message, scope: SourceScope, state: string[]): string {
  const property = JSON.stringify(field.localName);
  const load = `const value = message[${property}];`;
  switch (field.fieldKind) {
    case "list":
      return `{ ${load} if (value !== undefined && value !== null) { ${writeList(field, scope, state)} } }`;
    case "map":
      return `{ ${load} if (value !== undefined && value !== null) { ${writeMap(field, scope, state)} } }`;
    default:
      if (field.oneof) {
        return `{ const oneof = message[${JSON.stringify(field.oneof.localName)}];
        if (oneof !== undefined && oneof !== null && oneof.case === ${property}) {
          const value = oneof.value;
          ${writeSingular(field, scope, state)}
        } }`;
      }
      return `{ ${load}
      if (${isSet(field, sample, scope)}) { ${writeSingular(field, scope, state)} }
      ${otherwiseRequired(field)}
      }`;
  }
}

function otherwiseRequired(field: DescField): string {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED
    ? `else throw runtime.missingField(${JSON.stringify(String(field))});`
    : "";
}

/** A condition on `value`, the singular field's property. */
function isSet(field: DescField, sample: Message, scope: SourceScope): string {
  const present = "value !== undefined && value !== null";
  const own = `runtime.hasOwn.call(message, ${JSON.stringify(field.localName)})`;
  if (field.fieldKind === "message") {
    // Never on a prototype.
    return present;
  }
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) {
    return `${present} && ${notZero(field, scope)} && (near || ${own})`;
  }
  const prototype = Object.getPrototypeOf(sample);
  if (prototype === Object.prototype) {
    return `${present} && (near || ${own})`;
  }
  // A value other than the prototype's default can only be the message's own; asking costs about 10 ns a field.
  const inherited = prototype[field.localName];
  const differs = Number.isNaN(inherited) ? "false" : `value !== ${literal(inherited, scope)}`;
  return `${present} && ((same ? ${differs} : near) || ${own})`;
}

function notZero(field: DescField, scope: SourceScope): string {
  if (field.fieldKind === "enum") {
    return `value !== ${literal(field.enum.values[0]?.number ?? 0, scope)}`;
  }
  switch (field.scalar) {
    case ScalarType.BOOL:
      return "value !== false";
    case ScalarType.STRING:
      return 'value !== ""';
    case ScalarType.BYTES:
      return "value.length !== 0";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "!Object.is(value, 0)";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      // Loose: 0 and "0" are accepted too.
      return "value != 0";
    default:
      return "value !== 0";
  }
}

function writeSingular(field: DescField, scope: SourceScope, state: string[]): string {
  if (field.fieldKind === "message") {
    return writeMessage(field, "value", scope, state);
  }
  const scalar = field.fieldKind === "scalar" ? field.scalar : ScalarType.INT32;
  return `${writeTag(field.number, wireTypeOf(scalar))} ${writeScalar(scalar, "value", field)}`;
}

function writeMessage(
  field: DescField & { fieldKind: "message" | "list"; message: DescMessage },
  value: string,
  scope: SourceScope,
  state: string[],
): string {
  const child = messageFromLocal(field, value);
  const unit = scope.unit(field.message);
  if (field.delimitedEncoding) {
    return `${writeTag(field.number, WireType.StartGroup)}
    ${unit}.write(writer, ${child});
    ${writeTag(field.number, WireType.EndGroup)}`;
  }
  return `${writeTag(field.number, WireType.LengthDelimited)}
  ${writeDelimited(`${unit}.write(writer, ${child});`, scope, state)}`;
}

/** Statements for something with its length in front; the length's size is guessed to be that of the last one of this field. */
function writeDelimited(content: string, scope: SourceScope, state: string[]): string {
  const prefix = scope.variable("prefixBytes");
  const start = scope.variable("start");
  const guess = scope.variable("guess");
  state.push(`let ${prefix} = 1;`);
  // The guess is a copy: a recursive type changes the variable while its parent is being written.
  return `const ${guess} = ${prefix};
  const ${start} = writer.beginLengthDelimited(${guess});
  ${content}
  ${prefix} = writer.endLengthDelimited(${start}, ${guess});`;
}

function messageFromLocal(field: DescField & { message: DescMessage }, value: string): string {
  switch (localForm(field)) {
    case LocalForm.Json:
      return `runtime.structFromJson(${value})`;
    case LocalForm.Wrapper:
      return `{ value: ${value} }`;
    default:
      return value;
  }
}

function writeList(field: DescField & { fieldKind: "list" }, scope: SourceScope, state: string[]): string {
  const check = `runtime.expectArray(${fieldName(field)}, value);`;
  const each = (body: string) => `for (let i = 0; i < value.length; i++) { const item = value[i]; ${body} }`;
  if (field.listKind === "message") {
    return `${check} ${each(writeMessage(field, "item", scope, state))}`;
  }
  const scalar = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  const item = writeScalar(scalar, "item", field);
  if (!field.packed) {
    return `${check} ${each(`${writeTag(field.number, wireTypeOf(scalar))} ${item}`)}`;
  }
  return `${check}
  if (value.length > 0) {
    ${writeTag(field.number, WireType.LengthDelimited)}
    ${writeDelimited(each(item), scope, state)}
  }`;
}

function writeMap(field: DescField & { fieldKind: "map" }, scope: SourceScope, state: string[]): string {
  const entry = `${writeTag(1, wireTypeOf(field.mapKey))}
  ${writeScalar(field.mapKey, mapKey(field.mapKey), field)}
  const item = value[key];
  ${writeMapValue(field, scope, state)}`;
  return `runtime.expectObject(${fieldName(field)}, value);
  for (const key of Object.keys(value)) {
    ${writeTag(field.number, WireType.LengthDelimited)}
    ${writeDelimited(entry, scope, state)}
  }`;
}

function writeMapValue(field: DescField & { fieldKind: "map" }, scope: SourceScope, state: string[]): string {
  if (field.mapKind === "message") {
    return `${writeTag(2, WireType.LengthDelimited)}
    ${writeDelimited(`${scope.unit(field.message)}.write(writer, ${messageFromLocal(field, "item")});`, scope, state)}`;
  }
  const scalar = field.mapKind === "enum" ? ScalarType.INT32 : field.scalar;
  return `${writeTag(2, wireTypeOf(scalar))} ${writeScalar(scalar, "item", field)}`;
}

function mapKey(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "key";
    case ScalarType.BOOL:
      return "runtime.mapKeyBool(key)";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "runtime.mapKeyInt64(key)";
    default:
      return "runtime.mapKeyInt32(key)";
  }
}

function writeTag(number: number, wireType: number): string {
  const tag = ((number << 3) | wireType) >>> 0;
  return tag < 128 ? `writer.byte(${tag});` : `writer.uint32(${tag});`;
}

const scalarWriters: Record<ScalarType, string> = {
  [ScalarType.STRING]: "writeString",
  [ScalarType.BYTES]: "writeBytes",
  [ScalarType.BOOL]: "writeBool",
  [ScalarType.DOUBLE]: "writeDouble",
  [ScalarType.FLOAT]: "writeFloat",
  [ScalarType.INT32]: "writeInt32",
  [ScalarType.UINT32]: "writeUint32",
  [ScalarType.SINT32]: "writeSint32",
  [ScalarType.FIXED32]: "writeFixed32",
  [ScalarType.SFIXED32]: "writeSfixed32",
  [ScalarType.INT64]: "writeInt64",
  [ScalarType.UINT64]: "writeUint64",
  [ScalarType.SINT64]: "writeSint64",
  [ScalarType.FIXED64]: "writeFixed64",
  [ScalarType.SFIXED64]: "writeSfixed64",
};

function writeScalar(scalar: ScalarType, value: string, field: DescField): string {
  return `runtime.${scalarWriters[scalar]}(writer, ${value}, ${fieldName(field)});`;
}

/** How errors name a field: as protobuf-es does when it encodes. */
function fieldName(field: DescField): string {
  return JSON.stringify(`field ${field.parent.typeName}.${field.name}`);
}
