import { WireError, WireReason } from "../wire-error.ts";

/** A required field is not set; worded as in protobuf-es. `field` reads "field pkg.Message.name". */
export function missingField(field: string): WireError {
  return new WireError(WireReason.MissingField, `cannot encode ${field} to binary: required field not set`);
}

/** A value that does not fit its field; worded as in protobuf-es. */
export function badType(field: string, expected: string, value: unknown): WireError {
  const found = typeof value === "number" || typeof value === "bigint" ? String(value) : describe(value);
  return new WireError(WireReason.BadValue, `cannot encode ${field} to binary: invalid ${expected}: ${found}`);
}

/** Never the value itself, except numbers: it may be secret. */
function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** @throws WireError BadValue unless it is an object (of fields, or map entries) */
export function expectObject(field: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badType(field, "object", value);
  }
}

/** @throws WireError BadValue unless it is an array */
export function expectArray(field: string, value: unknown): void {
  if (!Array.isArray(value)) {
    throw badType(field, "array", value);
  }
}
