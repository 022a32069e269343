import type { IncomingHttpHeaders } from "node:http";
import type { Reply } from "@msec/rpc";

// What the protocols use themselves, and what only the hop to the next machine is told by.
const ownNames = new Set([
  "accept",
  "accept-encoding",
  "caller",
  "connect-accept-encoding",
  "connect-content-encoding",
  "connect-protocol-version",
  "connect-timeout-ms",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "expect",
  "host",
  "keep-alive",
  "te",
  "traceparent",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
// The grammar of header names and values (RFC 9110): anything else would end in an exception deep in Node, or in a forged line.
const nameGrammar = /^[0-9a-z_.-]+$/;
const valueGrammar = /^[\x20-\x7e]*$/;

function isOwn(name: string): boolean {
  return name.startsWith(":") || name.startsWith("grpc-") || name.startsWith("msec-") || ownNames.has(name);
}

/** Metadata of a request, from its headers: without those that protocols use themselves, and without `-bin` values that are not base64. */
export function metadataFromHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || isOwn(name)) {
      continue;
    }
    const text = Array.isArray(value) ? value.join(", ") : value;
    if (!name.endsWith("-bin") || text.split(",").every((part) => base64.test(part.trim()))) {
      metadata[name] = text;
    }
  }
  return metadata;
}

/** Copy a handler's metadata or trailers to `headers`, except names of the protocols and what no header can hold. */
export function addMetadata(given: Reply["metadata"], set: (name: string, value: string) => void): void {
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (!isOwn(lower) && nameGrammar.test(lower) && valueGrammar.test(value)) {
      set(lower, value);
    }
  }
}

/** The header that says how often a call was made before (gRPC's, https://github.com/grpc/proposal/blob/master/A6-client-retries.md). */
export const attemptsHeader = "grpc-previous-rpc-attempts";

/** Whether a request repeats an earlier one, here or further up. */
export function isRepeat(headers: IncomingHttpHeaders): boolean {
  const attempts = headers[attemptsHeader];
  return attempts !== undefined && /^[1-9]\d{0,9}$/.test(attempts as string);
}

/** The first value of a header, "" for none. */
export function firstHeader(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
