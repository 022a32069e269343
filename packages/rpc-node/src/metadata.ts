import type { MetadataEntry } from "@msec/wire";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Metadata as handlers see it: text values, no prototype; `undefined` for none. A key that repeats has its last value. */
export function metadataFromEntries(entries: readonly MetadataEntry[]): Record<string, string> | undefined {
  if (entries.length === 0) {
    return undefined;
  }
  const metadata: Record<string, string> = Object.create(null);
  for (const { key, value } of entries) {
    metadata[key] = decoder.decode(value);
  }
  return metadata;
}

/** Metadata as a head carries it. */
export function entriesFromMetadata(metadata: Readonly<Record<string, string>>): MetadataEntry[] {
  return Object.entries(metadata).map(([key, value]) => ({ key, value: encoder.encode(value) }));
}
