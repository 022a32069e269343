/** What the first bytes of a connection say that it speaks. */
export const Protocol = {
  Srpc: "srpc",
  Http1: "http1",
  /** Nothing that this port speaks. */
  Unknown: "unknown",
  /** Too few bytes to say. */
  NeedMore: "need-more",
} as const;

/** One of {@link Protocol}. */
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

const srpcStart = 0x28;
const httpStarts = ["GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "CONNECT "].map(
  (text) => new TextEncoder().encode(text),
);

/** Bytes after which `sniff` always knows. */
export const sniffBytes = Math.max(...httpStarts.map((start) => start.length));

/** Tell the protocol of a connection by its first bytes. A method must be followed by its space, so `POSTMAN` is not HTTP. */
export function sniff(bytes: Uint8Array): Protocol {
  if (bytes.length === 0) {
    return Protocol.NeedMore;
  }
  if (bytes[0] === srpcStart) {
    return Protocol.Srpc;
  }
  let possible = false;
  for (const start of httpStarts) {
    const length = Math.min(start.length, bytes.length);
    let i = 0;
    while (i < length && start[i] === bytes[i]) {
      i++;
    }
    if (i === start.length) {
      return Protocol.Http1;
    }
    possible ||= i === length;
  }
  return possible ? Protocol.NeedMore : Protocol.Unknown;
}
