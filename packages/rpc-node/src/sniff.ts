/** What the first bytes of a connection say that it speaks. */
export const Protocol = {
  Srpc: "srpc",
  Http1: "http1",
  Http2: "http2",
  /** Nothing that this port speaks. */
  Unknown: "unknown",
  /** Too few bytes to say. */
  NeedMore: "need-more",
} as const;

/** One of {@link Protocol}. */
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

const srpcStart = 0x28;
/** Those that are served first, then others that programs send by mistake: they are told that they are not served, instead of nothing. */
const verbs =
  "GET POST HEAD PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH QUERY PURGE LINK UNLINK";
const httpStarts = verbs.split(" ").map((verb) => new TextEncoder().encode(`${verb} `));
/** RFC 9113, 3.4. All of it must be there: a stranger that only begins like it is closed in time. */
const http2Start = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Bytes after which `sniff` always knows. */
export const sniffBytes = http2Start.length;

/** Tell the protocol of a connection by its first bytes. A method must be followed by its space, so `POSTMAN` is not HTTP. */
export function sniff(bytes: Uint8Array): Protocol {
  if (bytes.length === 0) {
    return Protocol.NeedMore;
  }
  if (bytes[0] === srpcStart) {
    return Protocol.Srpc;
  }
  let possible = false;
  if (bytes[0] === http2Start[0]) {
    const length = Math.min(http2Start.length, bytes.length);
    let i = 0;
    while (i < length && http2Start[i] === bytes[i]) {
      i++;
    }
    if (i === http2Start.length) {
      return Protocol.Http2;
    }
    possible = i === length;
  }
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
