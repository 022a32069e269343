import type { Message } from "@bufbuild/protobuf";
import { type Reader, recursionLimit } from "../reader.ts";
import { WireError, WireReason } from "../wire-error.ts";
import { Writer } from "../writer.ts";

/**
 * Unknown fields that one decoded message, with all in it, may have. Each takes two bytes on the wire and some 200 in
 * memory, so that without a limit a body of 4 MiB would become 400 MB.
 */
export const maxUnknownFields = 16_384;

type UnknownFields = NonNullable<Message["$unknown"]>;

/** A tag with number 0 or a wire type that does not exist. */
export function badTag(tag: number): WireError {
  return new WireError(
    WireReason.BadTag,
    `expected a field's tag, found number ${tag >>> 3} with wire type ${tag & 7}`,
  );
}

/** A group that the bytes end in (`found` 0), or that is closed by another number. */
export function badGroup(expected: number, found: number): WireError {
  return new WireError(
    WireReason.BadGroup,
    found === 0 ? `group ${expected} is not closed` : `group ${expected} is closed as group ${found}`,
  );
}

/** More messages than their bytes justify. */
export function tooManyObjects(maxObjects: number): WireError {
  return new WireError(WireReason.TooLarge, `more than ${maxObjects} messages in one message of this size`);
}

/** Pass over the value of a field that the type does not have, and keep its bytes in `$unknown`. */
export function pushUnknown(reader: Reader, message: Message, tag: number, depth: number): void {
  countUnknown(reader);
  const start = reader.position;
  reader.skip(tag, recursionLimit - depth);
  const length = reader.position - start;
  reader.position = start;
  unknownOf(message).push({ no: tag >>> 3, wireType: tag & 7, data: reader.copyBytes(length) });
}

/** Keep a number that a closed enum does not have, as an unknown field. */
export function pushUnknownEnum(reader: Reader, message: Message, tag: number, value: number): void {
  countUnknown(reader);
  const writer = new Writer({ initialBytes: 10 });
  writer.int32(value);
  unknownOf(message).push({ no: tag >>> 3, wireType: tag & 7, data: writer.copy() });
}

function countUnknown(reader: Reader): void {
  if (++reader.unknownFields > maxUnknownFields) {
    throw new WireError(WireReason.TooLarge, `more than ${maxUnknownFields} unknown fields in one message`);
  }
}

function unknownOf(message: Message): UnknownFields {
  message.$unknown ??= [];
  return message.$unknown;
}
