import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { LocalForm, localForm } from "../codec/field-kind.ts";
import { textFromBytes } from "./base64.ts";

/** JSON text of a message or of an object with its fields; `undefined` for everything that is not usual, which is not necessarily wrong. `depth` starts at 1. */
export type PlainWriter = (fields: unknown, depth: number) => string | undefined;

type Fields = Record<string, unknown>;
/** JSON text of a field's value; `undefined` for what is not usual. */
type WriteValue = (value: unknown, depth: number) => string | undefined;
/**
 * JSON text of a field with its name and a colon before it, "" where it is absent; `undefined` for what is not usual.
 *
 * @param isMessage  whether `fields` is a message, of which only own properties count as set
 */
type WriteField = (fields: Fields, isMessage: boolean, depth: number) => string | undefined;

const presence = { implicit: 2, required: 3 };
const maxDepth = 100;
const writers = new WeakMap<DescMessage, PlainWriter>();

/** The writer of a type. */
export function compilePlainWriter(desc: DescMessage): PlainWriter {
  let writer = writers.get(desc);
  if (writer === undefined) {
    let compiled: PlainWriter | undefined;
    // Registered before it is made: a field may have this very type.
    writer = (fields, depth) => compiled!(fields, depth);
    writers.set(desc, writer);
    compiled = compileMessage(desc);
    writer = compiled;
    writers.set(desc, writer);
  }
  return writer;
}

function notUsual(): undefined {
  return undefined;
}

function compileMessage(desc: DescMessage): PlainWriter {
  if (
    desc.typeName.startsWith("google.protobuf.") ||
    desc.members.some(({ localName }) => localName in Object.prototype) ||
    desc.fields.some(({ name }) => name === "__proto__")
  ) {
    return notUsual;
  }
  const { typeName } = desc;
  const writeFields = [...desc.fields].sort((a, b) => a.number - b.number).map(compileField);
  return (value, depth) => {
    if (
      depth > maxDepth ||
      typeof value !== "object" ||
      value === null ||
      Array.isArray(value) ||
      ArrayBuffer.isView(value)
    ) {
      return undefined;
    }
    const fields = value as Fields;
    const ownType = fields.$typeName;
    if (ownType !== undefined && ownType !== typeName) {
      return undefined;
    }
    let text = "{";
    for (let i = 0; i < writeFields.length; i++) {
      const field = writeFields[i]!(fields, ownType !== undefined, depth);
      if (field === undefined) {
        return undefined;
      }
      if (field !== "") {
        text += text.length > 1 ? `,${field}` : field;
      }
    }
    return `${text}}`;
  };
}

function compileField(field: DescField): WriteField {
  const prefix = `${JSON.stringify(field.name)}:`;
  switch (field.fieldKind) {
    case "list":
      return compileList(field.localName, prefix, compileValue(field));
    case "map":
      return compileMap(field.localName, prefix, compileValue(field));
    default:
      return compileSingular(field, prefix, compileValue(field));
  }
}

function compileSingular(field: DescField, prefix: string, write: WriteValue): WriteField {
  const { localName } = field;
  if (field.oneof) {
    const oneof = field.oneof.localName;
    const names = new Set(field.oneof.fields.map((member) => member.localName));
    return (fields, isMessage, depth) => {
      const chosen = fields[oneof] as { case?: unknown; value?: unknown } | null | undefined;
      if (chosen === undefined || chosen === null) {
        return isMessage ? undefined : "";
      }
      if (chosen.case !== localName) {
        return chosen.case === undefined || names.has(chosen.case as string) ? "" : undefined;
      }
      return withPrefix(prefix, isNested(chosen.value, isMessage) ? write(chosen.value, depth) : undefined);
    };
  }
  if (field.presence === presence.implicit) {
    const zero = `${prefix}${zeroText(field)}`;
    return (fields, isMessage, depth) => {
      const value = fields[localName];
      return value === undefined || value === null
        ? isMessage
          ? undefined
          : zero
        : withPrefix(prefix, write(value, depth));
    };
  }
  const absent = field.presence === presence.required ? undefined : "";
  return (fields, isMessage, depth) => {
    const value = fields[localName];
    if (value === undefined || (isMessage ? !Object.hasOwn(fields, localName) : value === null)) {
      return absent;
    }
    return withPrefix(prefix, isNested(value, isMessage) ? write(value, depth) : undefined);
  };
}

function compileList(localName: string, prefix: string, write: WriteValue): WriteField {
  return (fields, isMessage, depth) => {
    const items = fields[localName];
    if (!Array.isArray(items)) {
      return (items === undefined || items === null) && !isMessage ? `${prefix}[]` : undefined;
    }
    let text = `${prefix}[`;
    for (let i = 0; i < items.length; i++) {
      const item = isNested(items[i], isMessage) ? write(items[i], depth) : undefined;
      if (item === undefined) {
        return undefined;
      }
      text += i > 0 ? `,${item}` : item;
    }
    return `${text}]`;
  };
}

function compileMap(localName: string, prefix: string, write: WriteValue): WriteField {
  return (fields, isMessage, depth) => {
    const entries = fields[localName];
    if (entries === undefined || entries === null) {
      return isMessage ? undefined : `${prefix}{}`;
    }
    if (typeof entries !== "object" || Array.isArray(entries)) {
      return undefined;
    }
    let text = `${prefix}{`;
    for (const key of Object.keys(entries)) {
      const value = (entries as Fields)[key];
      const item = isNested(value, isMessage) ? write(value, depth) : undefined;
      if (item === undefined) {
        return undefined;
      }
      text += `${text.endsWith("{") ? "" : ","}${JSON.stringify(key)}:${item}`;
    }
    return `${text}}`;
  };
}

/** Whether a value is one that stands within its parent: what is in a message must be a message itself. */
function isNested(value: unknown, isMessage: boolean): boolean {
  return (
    !isMessage || typeof value !== "object" || value === null || value instanceof Uint8Array || "$typeName" in value
  );
}

function withPrefix(prefix: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : prefix + text;
}

function compileValue(field: DescField): WriteValue {
  if (field.message) {
    if (localForm(field as DescField & { message: DescMessage }) !== LocalForm.Message) {
      return notUsual;
    }
    const { message } = field;
    const write = compilePlainWriter(message);
    // Of recursive types the writer is not there yet, so it is asked for when it is needed.
    return (value, depth) => (writers.get(message) ?? write)(value, depth + 1);
  }
  return field.enum ? enumValue(field.enum) : scalarValue(field.scalar!);
}

function enumValue(desc: DescEnum): WriteValue {
  if (desc.typeName === "google.protobuf.NullValue") {
    return notUsual;
  }
  const texts = new Map(desc.values.map(({ number }) => [number, JSON.stringify(desc.value[number]!.jsonName)]));
  return (value) =>
    typeof value === "number" && Number.isFinite(value) ? (texts.get(value) ?? String(value)) : undefined;
}

function scalarValue(scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => (typeof value === "string" ? JSON.stringify(value) : undefined);
    case ScalarType.BOOL:
      return (value) => (typeof value === "boolean" ? String(value) : undefined);
    case ScalarType.BYTES:
      return (value) => (value instanceof Uint8Array ? `"${textFromBytes(value)}"` : undefined);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (value) => (typeof value === "bigint" ? `"${value}"` : undefined);
    default:
      return (value) => (typeof value === "number" && Number.isFinite(value) ? String(value) : undefined);
  }
}

/** What an implicit field that was left out is written as. */
function zeroText(field: DescField): string {
  if (field.enum) {
    return enumValue(field.enum)(field.enum.values[0]!.number, 1) ?? "null";
  }
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return '"0"';
    default:
      return "0";
  }
}
