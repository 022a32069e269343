import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { setOwn } from "../codec/set-own.ts";

/** What a number must look like that might not be exact: a text without it has none. Cheap, and true of many that are. */
const mayBeInexact = /\d[\d.]{15}|\d[eE]/;
const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Powers of ten above this are beyond every 64-bit integer, whatever stands before them. */
const maxPower = 30;

/** A number with its digits, where a number of JavaScript's may stand for several. */
class LongNumber {
  readonly value: number;
  readonly source: string;

  constructor(value: number, source: string) {
    this.value = value;
    this.source = source;
  }
}

/** What a place in JSON stands for. */
interface Shape {
  /** As errors call it. */
  readonly name: string;
  readonly holds: "one" | "list" | "map";
  readonly isLong: boolean;
  /** Where it is an object with fields. */
  readonly message: DescMessage | undefined;
}

/**
 * The JSON of a message with its 64-bit integers as they were written: as strings of digits where numbers of JavaScript's, which are exact to 2^53, would be other integers.
 *
 * Nothing is done where there is nothing of the kind in the text. Else it is parsed once more, this time with each number's source. Only fields of 64 bits (also in lists, maps and
 * wrapper types) get strings; a double, and a number in `google.protobuf.Value`, stays a number.
 *
 * @param json  what `JSON.parse` made of `text`
 * @throws Error  a number with a fraction, where it would be rounded to an integer
 */
export function withExactIntegers(desc: DescMessage, json: JsonValue, text: string): JsonValue {
  if (!mayBeInexact.test(text)) {
    return json;
  }
  let isInexact = false;
  const exact: unknown = JSON.parse(text, ((_key: string, value: unknown, context: { readonly source: string }) => {
    // Fifteen digits are exact in every number.
    if (typeof value !== "number" || (context.source.length <= 15 && !/[eE]/.test(context.source))) {
      return value;
    }
    isInexact = true;
    return new LongNumber(value, context.source);
  }) as (key: string, value: unknown) => unknown);
  return isInexact ? (resolve(exact, shapeOfMessage(desc)) as JsonValue) : json;
}

/** Decide what each long number is by where it stands. */
function resolve(json: unknown, shape: Shape | undefined, holds = shape?.holds): unknown {
  if (json instanceof LongNumber) {
    return shape?.isLong && holds === "one" ? digitsOf(json, shape) : json.value;
  }
  if (typeof json !== "object" || json === null) {
    return json;
  }
  const fields = holds === "one" && shape?.message ? shapesOf(shape.message) : undefined;
  for (const [key, value] of Object.entries(json)) {
    const isElement = holds === (Array.isArray(json) ? "list" : "map");
    const resolved = isElement ? resolve(value, shape, "one") : resolve(value, fields?.get(key));
    if (resolved !== value) {
      setOwn(json, key, resolved);
    }
  }
  return json;
}

function digitsOf({ value, source }: LongNumber, { name }: Shape): number | string {
  const digits = wholeDigits(source);
  if (digits === "") {
    throw new Error(`field ${name}: expected an integer of 64 bits, found ${source.slice(0, 40)}`);
  }
  return digits ?? value;
}

/** A number in decimal digits; "" where it is no integer, `undefined` where it is one that is beyond all that are asked for. */
function wholeDigits(source: string): string | undefined {
  const [, sign = "", whole = "", fraction = "", power = "0"] = decimal.exec(source) ?? [];
  const digits = whole + fraction;
  const shift = Number(power) - fraction.length;
  if (/^0*$/.test(digits)) {
    return "0";
  }
  if (shift > maxPower) {
    return undefined;
  }
  const kept = shift < 0 ? digits.slice(0, Math.max(0, digits.length + shift)) : digits + "0".repeat(shift);
  if (shift < 0 && /[1-9]/.test(digits.slice(kept.length))) {
    return "";
  }
  return sign + kept.replace(/^0+(?=\d)/, "");
}

const shapesByName = new WeakMap<DescMessage, ReadonlyMap<string, Shape>>();

/** The fields of a message by both their names. */
function shapesOf(message: DescMessage): ReadonlyMap<string, Shape> {
  let shapes = shapesByName.get(message);
  if (shapes === undefined) {
    shapes = new Map(
      message.fields.flatMap((field) => {
        const shape = shapeOfField(field);
        return [[field.name, shape] as const, [field.jsonName, shape] as const];
      }),
    );
    shapesByName.set(message, shapes);
  }
  return shapes;
}

function shapeOfField(field: DescField): Shape {
  const name = `${field.parent.typeName}.${field.name}`;
  const holds = field.fieldKind === "list" || field.fieldKind === "map" ? field.fieldKind : "one";
  return field.message
    ? { ...shapeOfMessage(field.message), name, holds }
    : { name, holds, isLong: field.scalar !== undefined && isLong(field.scalar), message: undefined };
}

function shapeOfMessage(message: DescMessage): Shape {
  const { typeName } = message;
  // Of the types with a form of their own two are integers of 64 bits, and none has fields.
  const isWellKnown = typeName.startsWith("google.protobuf.");
  const isLong = typeName === "google.protobuf.Int64Value" || typeName === "google.protobuf.UInt64Value";
  return { name: typeName, holds: "one", isLong, message: isWellKnown ? undefined : message };
}

function isLong(scalar: ScalarType): boolean {
  switch (scalar) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return true;
    default:
      return false;
  }
}
