import { Code, type Reply, RpcError } from "@msec/rpc";
import { defaultHeadLimits, type MetadataEntry } from "@msec/wire";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What only the frameworks themselves may say beside a call: `msec-…` is ours, `grpc-…` gRPC's. In any spelling, since HTTP knows no case. */
export function isReservedKey(key: string): boolean {
  const first = key.charCodeAt(0) | 0x20;
  return (first === 0x6d || first === 0x67) && /^(?:msec|grpc)-/i.test(key);
}

/**
 * Metadata as handlers see it: text values, no prototype; `undefined` for none. A key that repeats has its last value; reserved keys are
 * left out, so that no caller can speak to a handler in the framework's name.
 */
export function metadataFromEntries(entries: readonly MetadataEntry[]): Record<string, string> | undefined {
  if (entries.length === 0) {
    return undefined;
  }
  const metadata: Record<string, string> = Object.create(null);
  for (const { key, value } of entries) {
    if (!isReservedKey(key)) {
      metadata[key] = decoder.decode(value);
    }
  }
  return metadata;
}

/** What a key may be, so that it means the same over every protocol of the port: those of HTTP do not tell upper from lower case. */
const keyForm = /^[0-9a-z_.-]+$/;

/**
 * Metadata as a head carries it.
 *
 * @throws RpcError InvalidArgument for a key that is reserved, or no lower-case header name, and for more than the other end takes
 */
export function entriesFromMetadata(metadata: Readonly<Record<string, string>>): MetadataEntry[] {
  const { maxMetadataEntries, maxMetadataKeyBytes, maxMetadataBytes } = defaultHeadLimits;
  const entries: MetadataEntry[] = [];
  let bytes = 0;
  for (const [key, text] of Object.entries(metadata)) {
    if (isReservedKey(key)) {
      throw invalid(`metadata key ${JSON.stringify(key)} is reserved: name it without msec- or grpc-`);
    }
    if (!keyForm.test(key) || key.length > maxMetadataKeyBytes) {
      throw invalid(
        `metadata key ${JSON.stringify(key.slice(0, 200))} must be 1…${maxMetadataKeyBytes} characters of a-z 0-9 _ . -`,
      );
    }
    if (typeof text !== "string") {
      throw invalid(`metadata ${key} must be a string, found ${typeof text}`);
    }
    const value = encoder.encode(text);
    entries.push({ key, value });
    bytes += key.length + value.length;
  }
  if (entries.length > maxMetadataEntries || bytes > maxMetadataBytes) {
    throw invalid(
      `metadata has ${entries.length} entries with ${bytes} bytes; at most ${maxMetadataEntries} with ${maxMetadataBytes} are taken`,
    );
  }
  return entries;
}

/**
 * What a request says beside its message: the caller's metadata, and, where it fits beside them and the caller names none, the `tracestate` of the request that it
 * is a part of. Nearly always nothing.
 *
 * @throws RpcError InvalidArgument, as `entriesFromMetadata`
 */
export function entriesToSend(
  metadata: Readonly<Record<string, string>> | undefined,
  traceState: string | undefined,
): MetadataEntry[] | undefined {
  const entries = metadata && entriesFromMetadata(metadata);
  if (!traceState || metadata?.tracestate !== undefined) {
    return entries;
  }
  const all = [...(entries ?? []), { key: "tracestate", value: encoder.encode(traceState) }];
  const bytes = all.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const { maxMetadataEntries, maxMetadataBytes } = defaultHeadLimits;
  return all.length <= maxMetadataEntries && bytes <= maxMetadataBytes ? all : entries;
}

/**
 * What a handler sends back, as a head carries it: SRPC has one place for what goes before and after a response.
 *
 * @throws RpcError Internal: the handler's fault, not the caller's
 */
export function entriesFromReply({ metadata, trailers }: Reply): MetadataEntry[] {
  try {
    return entriesFromMetadata({ ...metadata, ...trailers });
  } catch (cause) {
    throw new RpcError(Code.Internal, `the handler's reply cannot be sent: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): RpcError {
  return new RpcError(Code.InvalidArgument, message);
}
