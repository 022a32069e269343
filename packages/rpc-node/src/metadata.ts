import { Code, RpcError } from "@msec/rpc";
import type { MetadataEntry } from "@msec/wire";

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

/**
 * Metadata as a head carries it.
 *
 * @throws RpcError InvalidArgument for a reserved key, which the other end would leave out
 */
export function entriesFromMetadata(metadata: Readonly<Record<string, string>>): MetadataEntry[] {
  return Object.entries(metadata).map(([key, value]) => {
    if (isReservedKey(key)) {
      throw new RpcError(
        Code.InvalidArgument,
        `metadata key ${JSON.stringify(key)} is reserved: name it without msec- or grpc-`,
      );
    }
    return { key, value: encoder.encode(value) };
  });
}
