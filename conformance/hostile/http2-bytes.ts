/** Frame types of HTTP/2 (RFC 9113, 6). */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** Flags of frames, as far as the rows set them. */
export const FrameFlag = { EndStream: 1, Ack: 1, EndHeaders: 4, Padded: 8 } as const;

/** The connection preface without the SETTINGS frame that must follow. */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame, sound or not. @param length  what the header says, where that is not so */
export function frame2(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(0),
  length: number = payload.length,
): Buffer {
  const start = Buffer.alloc(9);
  start.writeUIntBE(length, 0, 3);
  start[3] = type;
  start[4] = flags;
  start.writeUInt32BE(stream, 5);
  return Buffer.concat([start, payload]);
}

/** A SETTINGS frame. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame2(FrameType.Settings, 0, 0, payload);
}

/** Four bytes, big-endian: windows, error codes. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Headers in HPACK, each as a literal that nobody is to remember (RFC 7541, 6.2.2). */
export function headerBlock(
  headers: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
): Buffer {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** A length and a string in HPACK, without Huffman's code. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) {
    length.push(bytes.length);
  } else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest > 127; rest >>= 7) {
      length.push((rest & 127) | 128);
    }
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Headers of a gRPC call to a method of the target. */
export function callHeaders(method = "Echo", more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ":method": "POST",
    ":scheme": "http",
    ":path": `/target.Target/${method}`,
    ":authority": "x",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  };
}

/** A HEADERS frame that opens a gRPC call. */
export function openCall(stream: number, method = "Echo", flags: number = FrameFlag.EndHeaders): Buffer {
  return frame2(FrameType.Headers, flags, stream, headerBlock(callHeaders(method)));
}

/** A gRPC message in its envelope. */
export function envelope(message: Uint8Array, flags = 0, length: number = message.length): Buffer {
  return Buffer.concat([Buffer.of(flags), word(length), message]);
}

/** The error codes of the GOAWAY frames among received bytes. */
export function goAways(received: Buffer): number[] {
  return frames(received)
    .filter(({ type }) => type === FrameType.GoAway)
    .map(({ payload }) => payload.readUInt32BE(4));
}

/** The whole frames among received bytes. */
export function frames(received: Buffer): { type: number; flags: number; stream: number; payload: Buffer }[] {
  const found: { type: number; flags: number; stream: number; payload: Buffer }[] = [];
  for (let at = 0; at + 9 <= received.length; ) {
    const end = at + 9 + received.readUIntBE(at, 3);
    if (end > received.length) {
      break;
    }
    found.push({
      type: received[at + 3]!,
      flags: received[at + 4]!,
      stream: received.readUInt32BE(at + 5) & 0x7fff_ffff,
      payload: received.subarray(at + 9, end),
    });
    at = end;
  }
  return found;
}
