import { Code, type ExternalCodec, RpcError } from "@msec/service";

// The protocol of the crawler, as its document describes it. Numbers are big-endian.
//
//   offset 0   u32   length of the whole packet, 12…1048576
//          4   u32   sequence, chosen by the caller and sent back
//          8   u32   status: 0 in requests, and in answers that worked; else the answer is a text that says why
//         12         UTF-8 JSON: a request {"url"}, an answer [{"title", "url"}]

const HEAD_BYTES = 12;
const PACKET_MAX_BYTES = 1024 * 1024;

/** What the crawler is asked. */
export type CrawlRequest = { readonly url: string };

/** One recording that it found. */
export type Recording = { readonly title: string; readonly url: string };

/** One packet, either way. */
export type Packet = { readonly sequence: number; readonly status: number; readonly text: string };

/** The bytes of a packet. */
export function encodePacket({ sequence, status, text }: Packet): Buffer {
  const body = Buffer.from(text);
  const packet = Buffer.alloc(HEAD_BYTES + body.length);
  packet.writeUInt32BE(packet.length, 0);
  packet.writeUInt32BE(sequence, 4);
  packet.writeUInt32BE(status, 8);
  body.copy(packet, HEAD_BYTES);
  return packet;
}

/** A whole packet, read. */
export function decodePacket(bytes: Uint8Array): Packet {
  const packet = bufferOf(bytes);
  return {
    sequence: packet.readUInt32BE(4),
    status: packet.readUInt32BE(8),
    text: packet.toString("utf8", HEAD_BYTES),
  };
}

/** Length of the packet that begins with these bytes; 0 while too few are there, -1 where there is none. */
export function packetLength(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  const length = bufferOf(bytes).readUInt32BE(0);
  return length >= HEAD_BYTES && length <= PACKET_MAX_BYTES ? length : -1;
}

/** What `callExternal` needs to know of it. */
export const jsoupCodec: ExternalCodec<CrawlRequest, Recording[]> = {
  encode: (request, sequence) => encodePacket({ sequence, status: 0, text: JSON.stringify(request) }),
  packetLength,
  sequenceOf: (packet) => decodePacket(packet).sequence,
  decode(packet) {
    const { status, text } = decodePacket(packet);
    if (status !== 0) throw new RpcError(Code.FailedPrecondition, `the crawler refused: ${text}`);
    return JSON.parse(text) as Recording[];
  },
};

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
