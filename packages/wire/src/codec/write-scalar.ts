import type { Writer } from "../writer.ts";
import { halves, splitInt64, splitUint64 } from "./int64.ts";
import { badType } from "./write-checks.ts";

// One function for each scalar type: checks the user's value and appends it. `field` reads "field pkg.Message.name" and is
// used in errors only. The first line of each is the path of correct values; numbers given as text are accepted as in protobuf-es.

/** Append an int32 or an enum's number. */
export function writeInt32(writer: Writer, value: unknown, field: string): void {
  writer.int32(((value as number) | 0) === value ? (value as number) : int32Of(value, field, "int32"));
}

/** Append an uint32. */
export function writeUint32(writer: Writer, value: unknown, field: string): void {
  writer.uint32((value as number) >>> 0 === value ? (value as number) : uint32Of(value, field, "uint32"));
}

/** Append a sint32. */
export function writeSint32(writer: Writer, value: unknown, field: string): void {
  const number = ((value as number) | 0) === value ? (value as number) : int32Of(value, field, "sint32");
  writer.uint32((number << 1) ^ (number >> 31));
}

/** Append a fixed32. */
export function writeFixed32(writer: Writer, value: unknown, field: string): void {
  writer.fixed32((value as number) >>> 0 === value ? (value as number) : uint32Of(value, field, "fixed32"));
}

/** Append a sfixed32. */
export function writeSfixed32(writer: Writer, value: unknown, field: string): void {
  writer.fixed32(((value as number) | 0) === value ? (value as number) : int32Of(value, field, "sfixed32"));
}

/** Append an int64. */
export function writeInt64(writer: Writer, value: unknown, field: string): void {
  split(value, true, field, "int64");
  writer.varint64(halves.low, halves.high);
}

/** Append an uint64. */
export function writeUint64(writer: Writer, value: unknown, field: string): void {
  split(value, false, field, "uint64");
  writer.varint64(halves.low, halves.high);
}

/** Append a sint64. */
export function writeSint64(writer: Writer, value: unknown, field: string): void {
  split(value, true, field, "sint64");
  const { low, high } = halves;
  const sign = high >> 31;
  writer.varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign);
}

/** Append a fixed64. */
export function writeFixed64(writer: Writer, value: unknown, field: string): void {
  split(value, false, field, "fixed64");
  writer.fixed64(halves.low, halves.high);
}

/** Append a sfixed64. */
export function writeSfixed64(writer: Writer, value: unknown, field: string): void {
  split(value, true, field, "sfixed64");
  writer.fixed64(halves.low, halves.high);
}

/** Append a bool. */
export function writeBool(writer: Writer, value: unknown, field: string): void {
  if (typeof value !== "boolean") throw badType(field, "bool", value);
  writer.byte(value ? 1 : 0);
}

/** Append a string. */
export function writeString(writer: Writer, value: unknown, field: string): void {
  if (typeof value !== "string") throw badType(field, "string", value);
  writer.string(value);
}

/** Append a float. A finite number too large for 32 bits is refused. */
export function writeFloat(writer: Writer, value: unknown, field: string): void {
  const number = typeof value === "number" ? value : numberOf(value, field, "float32");
  if (!Number.isFinite(Math.fround(number)) && Number.isFinite(number)) throw badType(field, "float32", value);
  writer.float(number);
}

/** Append a double. */
export function writeDouble(writer: Writer, value: unknown, field: string): void {
  writer.double(typeof value === "number" ? value : numberOf(value, field, "double"));
}

function split(value: unknown, signed: boolean, field: string, type: string): void {
  const integer = typeof value === "bigint" ? value : bigintOf(value, field, type);
  if (!(signed ? splitInt64(integer) : splitUint64(integer))) {
    throw badType(field, type, value);
  }
}

function bigintOf(value: unknown, field: string, type: string): bigint {
  if (typeof value === "number" || typeof value === "string") {
    try {
      return BigInt(value);
    } catch {
      // A fraction, or text that is no integer: said below with the field's name.
    }
  }
  throw badType(field, type, value);
}

function numberOf(value: unknown, field: string, type: string): number {
  if (typeof value === "string") {
    const number = Number(value);
    if (!Number.isNaN(number) || value === "NaN") return number;
  }
  throw badType(field, type, value);
}

function int32Of(value: unknown, field: string, type: string): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (((number as number) | 0) !== number) throw badType(field, type, value);
  return number as number;
}

function uint32Of(value: unknown, field: string, type: string): number {
  const number = typeof value === "string" ? Number(value) : value;
  if ((number as number) >>> 0 !== number) throw badType(field, type, value);
  return number as number;
}
