import type { DescField, DescMessage } from "@bufbuild/protobuf";

const NAMES_MAX = 4;
// Elements of repeated fields that are looked at in one message: a rule must not make a large request slow.
const ELEMENTS_MAX = 1_000;

/**
 * Whether a field of a message has a value, which is compared as text.
 *
 * Numbers, 64 bits too, are written in decimal, booleans as `true` and `false`, an enumeration as its name or its number, bytes in base64 (as JSON has them). Of a
 * repeated field one element is enough, at any level; of a map a name of the path is a key.
 *
 * @param path  the name as in the interface file or in TypeScript, `user.id` for a field of a message within, at most four deep
 * @param desc  the message's type, which knows the names of enumerations; without it numbers are compared
 */
export function hasFieldValue(message: unknown, path: string, text: string, desc?: DescMessage): boolean {
  const names = path.split(".");
  if (names.length > NAMES_MAX) return false;
  const search: Search = { names, text, left: ELEMENTS_MAX };
  return holds(search, { value: message, at: 0, desc, field: undefined });
}

type Search = { readonly names: readonly string[]; readonly text: string; left: number };

/** A value, how many names lead to it, and what is known of its type. */
type Found = {
  readonly value: unknown;
  readonly at: number;
  readonly desc: DescMessage | undefined;
  readonly field: DescField | undefined;
};

function holds(search: Search, found: Found): boolean {
  const { value, at, desc, field } = found;
  if (Array.isArray(value)) {
    return value.some((element: unknown) => search.left-- > 0 && holds(search, { ...found, value: element }));
  }
  const name = search.names[at];
  if (name === undefined) return isText(value, search.text, field);
  if (typeof value !== "object" || value === null) return false;
  if (field?.fieldKind === "map" && desc === undefined) {
    const entries = value as Record<string, unknown>;
    return (
      Object.hasOwn(entries, name) &&
      holds(search, { value: entries[name], at: at + 1, desc: field.message, field: mapValueOf(field) })
    );
  }
  const next = desc?.fields.find((one) => one.name === name || one.localName === name || one.jsonName === name);
  const isMap = next?.fieldKind === "map";
  return holds(search, {
    value: ownField(value as Record<string, unknown>, name),
    at: at + 1,
    desc: isMap ? undefined : next?.message,
    field: next,
  });
}

/** Of a map's values only their enumeration matters. */
function mapValueOf(field: DescField): DescField | undefined {
  return field.enum === undefined ? undefined : ({ ...field, fieldKind: "enum" } as DescField);
}

function isText(value: unknown, text: string, field: DescField | undefined): boolean {
  switch (typeof value) {
    case "string":
      return value === text;
    case "number":
      return String(value) === text || field?.enum?.values.find(({ number }) => number === value)?.name === text;
    case "bigint":
    case "boolean":
      return String(value) === text;
    default:
      // Sizes first: a large picture is not written as text to be compared.
      return value instanceof Uint8Array && isBase64Of(value, text);
  }
}

function isBase64Of(bytes: Uint8Array, text: string): boolean {
  if (Math.ceil(bytes.length / 3) * 4 !== text.length) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") === text;
}

function ownField(fields: Record<string, unknown>, name: string): unknown {
  for (const key of [name, camelCase(name)]) if (Object.hasOwn(fields, key)) return fields[key];
  // One of several: `{ case: "name", value }` under the group's own name.
  for (const group of Object.values(fields)) {
    if (typeof group !== "object" || group === null) continue;
    const { case: chosen, value: inner } = group as { case?: unknown; value?: unknown };
    if (chosen === name || chosen === camelCase(name)) return inner;
  }
  return undefined;
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
