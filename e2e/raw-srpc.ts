import { once } from "node:events";
import { connect } from "node:net";

// A caller that shares no code with msec: the frame and the head as the original's documents give them, byte by byte.

const wireVarint = 0;
const wireBytes = 2;

/** An answer of one call: the fields of its head by number, and its body by number. */
export interface RawAnswer {
  readonly head: ReadonlyMap<number, bigint | Buffer>;
  readonly body: ReadonlyMap<number, bigint | Buffer>;
}

/** Fields of a message, number → text. */
export type RawFields = Readonly<Record<number, string>>;

/**
 * Call methods over one TCP connection, all frames in one write, and wait for as many answers.
 *
 * @returns the answers in order of arrival
 */
export async function callRaw(
  port: number,
  calls: readonly { readonly sequence: number; readonly method: string; readonly fields: RawFields }[],
): Promise<RawAnswer[]> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(Buffer.concat(calls.map(({ sequence, method, fields }) => frame(sequence, method, fields))));
  const answers: RawAnswer[] = [];
  let received = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    for (let length = frameLength(received); length <= received.length; length = frameLength(received)) {
      answers.push(parseFrame(received.subarray(0, length)));
      received = received.subarray(length);
    }
    if (answers.length >= calls.length) break;
  }
  socket.destroy();
  return answers;
}

function frame(sequence: number, method: string, fields: RawFields): Buffer {
  const head = Buffer.concat([varintField(10, sequence), bytesField(50, "Raw.client"), bytesField(51, method)]);
  const body = Buffer.concat(Object.entries(fields).map(([number, text]) => bytesField(Number(number), text)));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(head.length, 0);
  lengths.writeUInt32BE(body.length, 4);
  return Buffer.concat([Buffer.from("("), lengths, head, body, Buffer.from(")")]);
}

/** The length of the frame that begins here; more than there is where its length has not arrived. */
function frameLength(bytes: Buffer): number {
  return bytes.length < 9 ? Number.POSITIVE_INFINITY : 10 + bytes.readUInt32BE(1) + bytes.readUInt32BE(5);
}

function parseFrame(bytes: Buffer): RawAnswer {
  if (bytes[0] !== 0x28 || bytes.at(-1) !== 0x29) throw new Error(`not a frame: ${bytes.toString("hex")}`);
  const headEnd = 9 + bytes.readUInt32BE(1);
  return { head: parseFields(bytes.subarray(9, headEnd)), body: parseFields(bytes.subarray(headEnd, -1)) };
}

function parseFields(bytes: Buffer): Map<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Error("a varint ends in the middle");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    if ((tag & 7) === wireVarint) {
      fields.set(tag >> 3, varint());
    } else {
      const length = Number(varint());
      fields.set(tag >> 3, bytes.subarray(offset, offset + length));
      offset += length;
    }
  }
  return fields;
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint((number << 3) | wireVarint), varint(value)]);
}

function bytesField(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([varint((number << 3) | wireBytes), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
