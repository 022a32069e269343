import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { setOwn } from "../codec/set-own.ts";

const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Powers of ten above this are beyond every 64-bit integer, whatever stands before them. */
const maxPower = 30;
/** As many digits are exact in every number. */
const certainDigits = 15;
/** What stands before the digits of a number that may not be exact, while it is a string: nobody who sends a text can know it. */
const mark = `#${Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("")}:`;

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
 * Nothing is done where there is nothing of the kind in the text. Else it is parsed once more, with the numbers in question as strings. Only fields of 64 bits (also in lists, maps and
 * wrapper types) get strings; a double, and a number in `google.protobuf.Value`, stays a number. (`JSON.parse` tells a number's source itself, but takes two microseconds for each
 * value of the text, four seconds for 4 MiB: peers could hold up everybody.)
 *
 * @param json  what `JSON.parse` made of `text`
 * @throws Error  a number with a fraction, where it would be rounded to an integer
 */
export function withExactIntegers(desc: DescMessage, json: JsonValue, text: string): JsonValue {
  const marked = markNumbers(text);
  return marked === undefined ? json : (resolve(JSON.parse(marked), shapeOfMessage(desc)) as JsonValue);
}

/** A JSON text with numbers that may not be exact as marked strings; `undefined` where there are none. */
function markNumbers(text: string): string | undefined {
  const parts: string[] = [];
  let done = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if ((code >= 0x30 && code <= 0x39) || code === 0x2d) {
      const end = endOfNumber(text, i);
      if (Math.abs(end) - i > certainDigits || (end < 0 && isDoubtful(Number(text.slice(i, -end))))) {
        parts.push(text.slice(done, i), `"${mark}`, text.slice(i, Math.abs(end)), '"');
        done = Math.abs(end);
      }
      i = Math.abs(end) - 1;
    }
  }
  return done === 0 ? undefined : parts.join("") + text.slice(done);
}

/** Whether a number of few digits with an exponent may have been another one: larger than what is exact, or so small that nothing is left of it. */
function isDoubtful(value: number): boolean {
  return value === 0 || Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** Where the string that begins at `i` has its last quotation mark. */
function endOfString(text: string, i: number): number {
  for (i++; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      return i;
    }
    if (code === 0x5c) {
      i++;
    }
  }
  return i;
}

/** Behind the last character of the number that begins at `i`; negative where it has an exponent. */
function endOfNumber(text: string, i: number): number {
  let hasExponent = false;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x65 || code === 0x45) {
      hasExponent = true;
    } else if ((code < 0x30 || code > 0x39) && code !== 0x2e && code !== 0x2d && code !== 0x2b) {
      break;
    }
  }
  return hasExponent ? -i : i;
}

/** Decide what each marked number is by where it stands. Fields that nobody knows are left as they are: nobody reads them. */
function resolve(json: unknown, shape: Shape, holds = shape.holds): unknown {
  if (typeof json === "string") {
    return json.startsWith(mark) ? numberOrDigits(json.slice(mark.length), shape, holds) : json;
  }
  if (typeof json !== "object" || json === null) {
    return json;
  }
  if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) {
      json[i] = resolve(json[i], shape, holds === "list" ? "one" : holds);
    }
    return json;
  }
  const fields = holds === "one" && shape.message ? shapesOf(shape.message) : undefined;
  for (const key of Object.keys(json)) {
    const value = (json as Record<string, unknown>)[key];
    const inner = fields === undefined ? shape : fields.get(key);
    const resolved = inner && resolve(value, inner, fields ? inner.holds : holds === "map" ? "one" : holds);
    if (resolved !== undefined && resolved !== value) {
      setOwn(json, key, resolved);
    }
  }
  return json;
}

function numberOrDigits(source: string, { isLong, name }: Shape, holds: Shape["holds"]): number | string {
  const digits = isLong && holds === "one" ? wholeDigits(source) : undefined;
  if (digits === "") {
    throw new Error(`field ${name}: expected an integer of 64 bits, found ${source.slice(0, 40)}`);
  }
  return digits ?? Number(source);
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
