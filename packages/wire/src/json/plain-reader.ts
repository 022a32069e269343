import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { LocalForm, localForm } from "../codec/field-kind.ts";
import { canGenerate, unitOf } from "../codec/generated-codec.ts";
import { setOwn } from "../codec/set-own.ts";
import { bytesFromText } from "./base64.ts";

/** A message of one type from its JSON; `undefined` for everything that is not usual, which is not necessarily wrong. `depth` starts at 1. */
export type PlainReader = (json: JsonValue, depth: number) => object | undefined;

type Fields = Record<string, unknown>;
/** A field's value from its JSON; `undefined` for what is not usual. */
type ReadValue = (json: JsonValue, depth: number) => unknown;
/** Set a field of a message. @returns false for what is not usual */
type ReadField = (message: Fields, json: JsonValue, depth: number) => boolean;

interface PlainField {
  readonly jsonName: string;
  /** The name in the interface file where that is another one. */
  readonly name: string | undefined;
  /** Whether `null` stands for a field that is absent. */
  readonly skipsNull: boolean;
  readonly read: ReadField;
}

/** As deep as `fromJson` goes; it says so to who comes here with more. */
const maxDepth = 100;
const maxCertain = 2 ** 51;
const maxFloat = 3.4028234663852886e38;
const signed = /^(?:0|-?[1-9]\d{0,17})$/;
const unsigned = /^(?:0|[1-9]\d{0,18})$/;
const readers = new WeakMap<DescMessage, PlainReader>();

/** The reader of a type. */
export function compilePlainReader(desc: DescMessage): PlainReader {
  let reader = readers.get(desc);
  if (reader === undefined) {
    let compiled: PlainReader | undefined;
    // Registered before it is made: a field may have this very type.
    reader = (json, depth) => compiled!(json, depth);
    readers.set(desc, reader);
    compiled = compileMessage(desc);
    reader = compiled;
    readers.set(desc, reader);
  }
  return reader;
}

function notUsual(): undefined {
  return undefined;
}

function compileMessage(desc: DescMessage): PlainReader {
  // Well-known types have forms of their own. Names that every object has would be found in it without being there.
  if (
    desc.typeName.startsWith("google.protobuf.") ||
    desc.fields.some(({ name, jsonName }) => name in Object.prototype || jsonName in Object.prototype)
  ) {
    return notUsual;
  }
  const make = (canGenerate() ? unitOf(desc).make : () => create(desc)) as () => object;
  const fields = desc.fields.map(compileField);
  return (json, depth) => {
    if (depth > maxDepth || typeof json !== "object" || json === null || Array.isArray(json)) {
      return undefined;
    }
    const message = make() as Fields;
    // By the type's fields, not by the object's names: unknown names then cost nothing, and no name is looked up in a table.
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      let value = json[field.jsonName];
      if (field.name !== undefined) {
        const other = json[field.name];
        if (other !== undefined) {
          if (value !== undefined) {
            return undefined;
          }
          value = other;
        }
      }
      if (value === undefined || (value === null && field.skipsNull)) {
        continue;
      }
      if (!field.read(message, value, depth)) {
        return undefined;
      }
    }
    return message;
  };
}

function compileField(field: DescField): PlainField {
  return {
    jsonName: field.jsonName,
    name: field.name === field.jsonName ? undefined : field.name,
    skipsNull:
      !(field.oneof && field.fieldKind !== "scalar") &&
      field.message?.typeName !== "google.protobuf.Value" &&
      field.enum?.typeName !== "google.protobuf.NullValue",
    read: compileReadField(field),
  };
}

function compileReadField(field: DescField): ReadField {
  const { localName } = field;
  if (field.fieldKind === "list") {
    return listField(localName, compileReadValue(field));
  }
  if (field.fieldKind === "map") {
    return field.mapKey === ScalarType.STRING ? mapField(localName, compileReadValue(field)) : () => false;
  }
  const read = compileReadValue(field);
  if (field.oneof) {
    const oneof = field.oneof.localName;
    return (message, json, depth) => {
      const value = read(json, depth);
      if (value === undefined || (message[oneof] as { case?: string }).case !== undefined) {
        return false;
      }
      message[oneof] = { case: localName, value };
      return true;
    };
  }
  return (message, json, depth) => {
    const value = read(json, depth);
    if (value === undefined) {
      return false;
    }
    message[localName] = value;
    return true;
  };
}

function listField(localName: string, read: ReadValue): ReadField {
  return (message, json, depth) => {
    if (!Array.isArray(json)) {
      return false;
    }
    const items = message[localName] as unknown[];
    for (let i = 0; i < json.length; i++) {
      const value = read(json[i] as JsonValue, depth);
      if (value === undefined) {
        return false;
      }
      items.push(value);
    }
    return true;
  };
}

function mapField(localName: string, read: ReadValue): ReadField {
  return (message, json, depth) => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      return false;
    }
    const entries = message[localName] as object;
    for (const key of Object.keys(json)) {
      const value = key.isWellFormed() ? read(json[key]!, depth) : undefined;
      if (value === undefined) {
        return false;
      }
      setOwn(entries, key, value);
    }
    return true;
  };
}

function compileReadValue(field: DescField): ReadValue {
  if (field.message) {
    if (localForm(field as DescField & { message: DescMessage }) !== LocalForm.Message) {
      return notUsual;
    }
    const read = compilePlainReader(field.message);
    // Of recursive types the reader is not there yet, so it is asked for when it is needed.
    const { message } = field;
    return (json, depth) => (readers.get(message) ?? read)(json, depth + 1);
  }
  if (field.enum) {
    return enumValue(field.enum);
  }
  return scalarValue(
    field.scalar!,
    field.fieldKind !== "map" && "longAsString" in field && field.longAsString === true,
  );
}

function enumValue(desc: DescEnum): ReadValue {
  if (desc.typeName === "google.protobuf.NullValue") {
    return notUsual;
  }
  // Where a JSON name is another value's name, the name in the interface file wins, so it comes last.
  const numbers = new Map(desc.values.map(({ jsonName, number }) => [jsonName, number]));
  for (const { name, number } of desc.values) {
    numbers.set(name, number);
  }
  const known = new Set(desc.values.map(({ number }) => number));
  return (json) => {
    if (typeof json === "string") {
      return numbers.get(json);
    }
    return typeof json === "number" && (json | 0) === json && (desc.open || known.has(json)) ? json : undefined;
  };
}

function scalarValue(scalar: ScalarType, longAsString: boolean): ReadValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (json) => (typeof json === "string" && json.isWellFormed() ? json : undefined);
    case ScalarType.BOOL:
      return (json) => (typeof json === "boolean" ? json : undefined);
    case ScalarType.BYTES:
      return (json) => (typeof json === "string" ? bytesFromText(json) : undefined);
    case ScalarType.DOUBLE:
      return (json) => (typeof json === "number" && Number.isFinite(json) ? json : undefined);
    case ScalarType.FLOAT:
      return (json) => (typeof json === "number" && Math.abs(json) <= maxFloat ? json : undefined);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (json) => (typeof json === "number" && json >>> 0 === json ? json : undefined);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (json) => (typeof json === "number" && (json | 0) === json ? json : undefined);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (json) =>
        (typeof json === "string" ? unsigned.test(json) : isCertain(json) && json >= 0)
          ? longFrom(json as string | number, longAsString)
          : undefined;
    default:
      return (json) =>
        (typeof json === "string" ? signed.test(json) : isCertain(json))
          ? longFrom(json as string | number, longAsString)
          : undefined;
  }
}

/** Whether a number is an integer, and stands for no other one: whatever was written, it was nearer to this one than an eighth. */
function isCertain(json: JsonValue): json is number {
  return Number.isInteger(json) && Math.abs(json as number) <= maxCertain;
}

function longFrom(digits: string | number, longAsString: boolean): bigint | string {
  return longAsString ? String(digits) : BigInt(digits);
}
