import { Code, RpcError } from "@msec/rpc";

/** Cuts the bytes of a connection into packets, by a protocol's own `packetLength`. */
export class PacketReader {
  readonly #packetLength: (buffer: Uint8Array) => number;
  readonly #maxBytes: number;
  readonly #onPacket: (packet: Uint8Array) => void;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** Nothing can be told before so many bytes are there: large packets are put together once. */
  #neededBytes = 1;

  constructor(packetLength: (buffer: Uint8Array) => number, maxBytes: number, onPacket: (packet: Uint8Array) => void) {
    this.#packetLength = packetLength;
    this.#maxBytes = maxBytes;
    this.#onPacket = onPacket;
  }

  /**
   * Take what was read.
   *
   * @param chunk  is kept and handed on: nobody may write to it afterwards
   * @throws RpcError  Internal where it is none of the protocol, ResourceExhausted for a packet above the limit; then nothing can be read any more
   */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#neededBytes) {
      const buffer = this.#joined();
      const length = packetLengthOf(this.#packetLength, buffer, this.#maxBytes);
      if (length === 0 || length > buffer.length) {
        this.#neededBytes = length === 0 ? buffer.length + 1 : length;
        return;
      }
      this.#keep(buffer.subarray(length));
      this.#onPacket(buffer.subarray(0, length));
    }
  }

  #joined(): Uint8Array {
    const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #keep(rest: Uint8Array): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#neededBytes = 1;
  }
}

/**
 * What a protocol's `packetLength` says, checked.
 *
 * @returns 0…maxBytes
 * @throws RpcError  Internal where the bytes are none of the protocol, ResourceExhausted where the packet is above the limit
 */
export function packetLengthOf(
  packetLength: (buffer: Uint8Array) => number,
  buffer: Uint8Array,
  maxBytes: number,
): number {
  let length: unknown;
  try {
    length = packetLength(buffer);
  } catch (cause) {
    throw new RpcError(Code.Internal, `packetLength failed: ${(cause as Error)?.message ?? String(cause)}`, { cause });
  }
  if (typeof length !== "number" || !Number.isInteger(length) || length < 0) {
    const found = Buffer.from(buffer.subarray(0, 16)).toString("hex");
    throw new RpcError(
      Code.Internal,
      `no packet of this protocol (packetLength ${String(length)}) begins with ${found}`,
    );
  }
  if (length > maxBytes || (length === 0 && buffer.length >= maxBytes)) {
    const bytes = length === 0 ? `${buffer.length} bytes without an end` : `${length} bytes`;
    throw new RpcError(Code.ResourceExhausted, `a packet of ${bytes} is above packets.maxBytes ${maxBytes}`);
  }
  return length;
}
