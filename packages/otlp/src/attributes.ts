import type { AnyValue, KeyValue } from "../gen/opentelemetry/proto/common/v1/common_pb.js";

/** The text of a value: strings as they are, numbers and booleans as in JSON, what is nested as JSON; cut to `maxUnits`. */
export function valueText(value: AnyValue | undefined, maxUnits: number): string {
  const plain = plainValue(value, maxUnits);
  return cut(typeof plain === "string" ? plain : JSON.stringify(plain), maxUnits);
}

/** The text of one attribute; "" where it is absent. The first of a name counts. */
export function attributeText(attributes: readonly KeyValue[], key: string, maxUnits = 200): string {
  const found = attributes.find((attribute) => attribute.key === key);
  return found === undefined ? "" : valueText(found.value, maxUnits);
}

/** The first of several attributes that is there and not empty: names of the conventions have changed. */
export function firstAttribute(attributes: readonly KeyValue[], keys: readonly string[], maxUnits = 200): string {
  for (const key of keys) {
    const text = attributeText(attributes, key, maxUnits);
    if (text !== "") return text;
  }
  return "";
}

/** A whole number of an attribute from 0 up; `undefined` for anything else. */
export function attributeNumber(attributes: readonly KeyValue[], keys: readonly string[]): number | undefined {
  const text = firstAttribute(attributes, keys, 20);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A string of at most `maxUnits` UTF-16 units, never ending within a pair. */
export function cut(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  const end = (text.charCodeAt(maxUnits - 1) & 0xfc00) === 0xd800 ? maxUnits - 1 : maxUnits;
  return text.slice(0, end);
}

// Depth and size are bounded by the decoder (100 levels) and the request's size; elements by what could still be shown.
function plainValue(value: AnyValue | undefined, maxElements: number): unknown {
  const one = value?.value;
  switch (one?.case) {
    case "stringValue":
    case "boolValue":
      return one.value;
    case "intValue":
      // As text in JSON too: beyond 2^53 a number would be another one.
      return one.value.toString();
    case "doubleValue":
      return Number.isFinite(one.value) ? one.value : String(one.value);
    case "bytesValue":
      return Buffer.from(one.value.subarray(0, maxElements)).toString("base64");
    case "arrayValue":
      return one.value.values.slice(0, maxElements).map((element) => plainValue(element, maxElements));
    case "kvlistValue":
      return Object.fromEntries(
        one.value.values.slice(0, maxElements).map(({ key, value: own }) => [key, plainValue(own, maxElements)]),
      );
    default:
      return "";
  }
}
