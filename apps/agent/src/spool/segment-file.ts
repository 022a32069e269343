import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

// A segment is a file of records, each [length u32][crc32 of the payload u32][payload], little-endian.

const HEADER_BYTES = 8;

/** Bytes that a payload takes in a segment. */
export function recordBytes(payload: Uint8Array): number {
  return HEADER_BYTES + payload.length;
}

/** A segment that is being written. */
export class SegmentWriter {
  readonly #descriptor: number;
  #bytes = 0;

  /** @throws what the file system says; the file must not exist */
  constructor(file: string) {
    this.#descriptor = openSync(file, "wx", 0o600);
  }

  /**
   * Append one record. It survives `kill -9` from here on (the kernel has it), though not a power cut: an fsync a batch
   * would cost more than the second of telemetry that it saves.
   *
   * @throws what the file system says (ENOSPC); the segment is as it was before then
   */
  append(payload: Uint8Array): void {
    const record = Buffer.allocUnsafe(recordBytes(payload));
    record.writeUInt32LE(payload.length, 0);
    record.writeUInt32LE(crc32(payload), 4);
    record.set(payload, HEADER_BYTES);
    try {
      for (let written = 0; written < record.length; ) {
        written += writeSync(this.#descriptor, record, written, record.length - written, this.#bytes + written);
      }
    } catch (error) {
      ftruncateSync(this.#descriptor, this.#bytes);
      throw error;
    }
    this.#bytes += record.length;
  }

  /** Back to a segment without records. */
  empty(): void {
    ftruncateSync(this.#descriptor, 0);
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** What a segment holds. */
export interface SegmentContent {
  readonly payloads: Uint8Array[];
  /** Bytes at the end that are no whole record: what a crash tore, or a damaged disk changed. */
  readonly tornBytes: number;
}

/** Read a segment up to the first record that is not whole. */
export function readSegment(file: string): SegmentContent {
  const bytes = readFileSync(file);
  const payloads: Uint8Array[] = [];
  let position = 0;
  while (position + HEADER_BYTES <= bytes.length) {
    const end = position + HEADER_BYTES + bytes.readUInt32LE(position);
    if (end > bytes.length) break;
    const payload = bytes.subarray(position + HEADER_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32LE(position + 4)) break;
    payloads.push(payload);
    position = end;
  }
  return { payloads, tornBytes: bytes.length - position };
}
