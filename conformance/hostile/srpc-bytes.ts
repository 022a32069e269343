import { encodeFrame, RequestHeadEncoder, type RequestHeadFields, Writer } from "@msec/wire";

/** Full name of a method of the target. */
export const methodName = (name: string): string => `target.Target.${name}`;

/** A whole, valid request. */
export function request(
  sequence: number | bigint,
  method = methodName("Echo"),
  body: Uint8Array = new Uint8Array(0),
  fields: RequestHeadFields = {},
): Buffer {
  return frame(head(sequence, method, fields), body);
}

/** A valid request head. */
export function head(sequence: number | bigint, method = methodName("Echo"), fields: RequestHeadFields = {}): Buffer {
  const writer = new Writer();
  new RequestHeadEncoder("Hostile.peer", method).encode(writer, sequence, fields);
  return Buffer.from(writer.copy());
}

/** A frame around any head and body, sound or not. */
export function frame(head: Uint8Array, body: Uint8Array = new Uint8Array(0)): Buffer {
  const writer = new Writer();
  encodeFrame(writer, head, body, { maxHeadBytes: 1 << 30, maxFrameBytes: 1 << 30 });
  return Buffer.from(writer.copy());
}

/** The first nine bytes of a frame: what its lengths say, whatever follows. */
export function frameStart(headBytes: number, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x28;
  bytes.writeUInt32BE(headBytes, 1);
  bytes.writeUInt32BE(bodyBytes, 5);
  return bytes;
}

/** A varint of any value. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | 128);
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A protobuf field: bytes are length-delimited, numbers varints. */
export function field(number: number, value: Uint8Array | string | number | bigint): Buffer {
  if (typeof value === "number" || typeof value === "bigint") {
    return Buffer.concat([varint((number << 3) | 0), varint(value)]);
  }
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** A message that is nested in itself so many times, by the length-delimited field `number`. */
export function nested(number: number, depth: number): Buffer {
  // From the inside: each level needs the size of what it holds.
  const levels: Buffer[] = [];
  let bytes = 0;
  for (let level = 0; level < depth; level++) {
    const start = Buffer.concat([varint((number << 3) | 2), varint(bytes)]);
    levels.push(start);
    bytes += start.length;
  }
  return Buffer.concat(levels.reverse());
}
