import type { Writer } from "../writer.ts";
import { badType } from "./write-checks.ts";

/** The bytes of a user's value: an Uint8Array as it is, an array of numbers converted (as `create` does). */
export function bytesValue(field: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    return Uint8Array.from(value as number[]);
  }
  throw badType(field, "bytes", value);
}

/** Write bytes with their length. */
export function writeBytes(writer: Writer, value: unknown, field: string): void {
  writer.lengthDelimited(bytesValue(field, value));
}
