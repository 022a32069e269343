import { mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@msec/process";
import { readSegment, recordBytes, SegmentWriter } from "./segment-file.ts";

/** What a spool may hold. */
export interface SpoolOptions {
  readonly directory: string;
  /** Bytes on disk; when a further batch would exceed them, the oldest segment is dropped and counted. */
  readonly maxBytes: number;
  /** Bytes of one segment, which is one request to the server; default 4 MiB, or a quarter of `maxBytes` where that is less, at least 1 MiB and 4 KiB. */
  readonly segmentBytes?: number;
}

/** One segment that is complete: what is sent as one request. */
export interface SealedSegment {
  /** Its sequence number, and its file's name. */
  readonly sequence: number;
  readonly payloads: readonly Uint8Array[];
}

interface Segment {
  readonly sequence: number;
  bytes: number;
  batches: number;
}

const SEGMENT_NAME = /^(\d{16})\.segment$/;
/** Room for the largest batch (1 MiB) with the names of its envelope. */
const SEGMENT_LEAST_BYTES = 1024 * 1024 + 4096;
/** 20,000 log lines: the store takes them for half of what it takes for as many in four inserts. Waited for only where so much comes. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Most batches of one segment; the server takes 10,000 in a request (`maxEnvelopes` of its agents/handler.ts). */
const SEGMENT_BATCHES_MAX = 4096;

/**
 * Telemetry on its way to the server, kept on disk until the server has it.
 *
 * A segment is `open` (appended to) → `sealed` (never changes again) → gone (the server answered, or it was the oldest when the
 * spool was full). One segment is one request and its sequence number is the request's, so a repeat after a crash has the
 * same number *and* the same content, which is what lets the server ignore it.
 *
 * The open segment's file exists before its predecessor is deleted: the highest number on disk is always the last one used.
 */
export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** In ascending order. */
  readonly #sealed: Segment[] = [];
  #open: Segment;
  #writer: SegmentWriter;
  #bytes = 0;
  #droppedBatches = 0;
  #tornBytes = 0;
  #arrived: (() => void) | undefined;
  #sealing: (() => void) | undefined;

  /** Open a spool and take up what an earlier process left. @throws what the file system says */
  constructor(options: SpoolOptions) {
    this.#directory = options.directory;
    this.#maxBytes = options.maxBytes;
    this.#segmentBytes =
      options.segmentBytes ?? Math.max(SEGMENT_LEAST_BYTES, Math.min(SEGMENT_BYTES, options.maxBytes / 4));
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const last = this.#takeUp();
    // An empty directory says nothing of numbers used before (it may have been deleted): the time in microseconds is above
    // any of them, since requests are far fewer than one a microsecond. Exact in a double until the year 2255.
    this.#open = { sequence: last === undefined ? Date.now() * 1000 : last + 1, bytes: 0, batches: 0 };
    this.#writer = new SegmentWriter(this.#file(this.#open.sequence));
    // Empty ones held a number, which the new one now holds.
    for (const empty of this.#sealed.filter((segment) => segment.batches === 0)) this.remove(empty.sequence);
    this.#trim(0);
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Batches that were dropped because the spool was full or the server refused them, since it was opened. */
  get droppedBatches(): number {
    return this.#droppedBatches;
  }

  /** Bytes that were found torn when the spool was opened. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** Whether there is anything to send. */
  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#open.batches === 0;
  }

  /**
   * Append one batch; it is on disk when this returns.
   *
   * @param payload  at most a segment's size
   * @throws RangeError when it is larger; what the file system says when even dropping the oldest did not make room
   */
  append(payload: Uint8Array): void {
    const bytes = recordBytes(payload);
    if (bytes > this.#segmentBytes) throw new RangeError(`a batch of ${payload.length} bytes is larger than a segment`);
    const full = this.#open.bytes + bytes > this.#segmentBytes || this.#open.batches >= SEGMENT_BATCHES_MAX;
    if (full) this.#seal();
    this.#trim(bytes);
    this.#write(payload);
    this.#open.bytes += bytes;
    this.#open.batches++;
    this.#bytes += bytes;
    this.#arrived?.();
  }

  /** Settles when there is something to send, or the signal aborts. */
  async untilFilled(signal: AbortSignal): Promise<void> {
    if (!this.isEmpty || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arrived = resolve;
    const wake = () => resolve();
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
    this.#arrived = undefined;
  }

  /** Settles when a whole segment waits, `ms` have passed, or the signal aborts. */
  async untilSealed(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#sealed.length > 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sealing = resolve;
    const timer = setTimeout(resolve, ms);
    const wake = () => resolve();
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
    clearTimeout(timer);
    this.#sealing = undefined;
  }

  /** The oldest segment, sealed now if it is still open; `undefined` when there is nothing. Gives the same one until `remove`. */
  oldest(): SealedSegment | undefined {
    if (this.#sealed.length === 0 && this.#open.batches > 0) this.#seal();
    const segment = this.#sealed[0];
    if (segment === undefined) return undefined;
    return { sequence: segment.sequence, payloads: readSegment(this.#file(segment.sequence)).payloads };
  }

  /** Delete a segment: the server has it. Nothing happens when it was dropped meanwhile. */
  remove(sequence: number): void {
    const index = this.#sealed.findIndex((segment) => segment.sequence === sequence);
    if (index >= 0) this.#delete(this.#sealed.splice(index, 1)[0]!);
  }

  /**
   * The server refuses a segment for good. One of several batches is likely to blame: each becomes a segment of its own, with
   * a new number, so that the others get through. A segment of one batch is dropped and counted.
   */
  split(sequence: number): void {
    const segment = this.#sealed.find((candidate) => candidate.sequence === sequence);
    if (segment === undefined) return;
    const { payloads } = readSegment(this.#file(sequence));
    if (payloads.length <= 1) {
      this.#droppedBatches += segment.batches;
    } else {
      for (const payload of payloads) {
        if (this.#open.batches > 0) this.#seal();
        this.append(payload);
        this.#seal();
      }
    }
    this.remove(sequence);
  }

  close(): void {
    this.#writer.close();
  }

  #write(payload: Uint8Array): void {
    for (;;) {
      try {
        this.#writer.append(payload);
        return;
      } catch (error) {
        // The disk is fuller than we were told: make room with our own oldest.
        if (systemErrorCode(error) !== "ENOSPC" || !this.#dropOldest()) throw error;
      }
    }
  }

  #seal(): void {
    const next: Segment = { sequence: this.#open.sequence + 1, bytes: 0, batches: 0 };
    const writer = new SegmentWriter(this.#file(next.sequence));
    this.#writer.close();
    this.#sealed.push(this.#open);
    this.#open = next;
    this.#writer = writer;
    this.#sealing?.();
  }

  #trim(extraBytes: number): void {
    while (this.#bytes + extraBytes > this.#maxBytes && this.#dropOldest()) {
      // Each turn drops one.
    }
  }

  #dropOldest(): boolean {
    const oldest = this.#sealed.shift();
    if (oldest === undefined) return false;
    this.#droppedBatches += oldest.batches;
    this.#delete(oldest);
    return true;
  }

  #delete(segment: Segment): void {
    this.#bytes -= segment.bytes;
    unlinkSync(this.#file(segment.sequence));
  }

  /** Index the segments on disk; what is torn at their ends is left out when they are read. @returns the highest number */
  #takeUp(): number | undefined {
    const sequences = readdirSync(this.#directory)
      .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    for (const sequence of sequences) {
      const file = this.#file(sequence);
      const { payloads, tornBytes } = readSegment(file);
      this.#tornBytes += tornBytes;
      const segment = { sequence, bytes: statSync(file).size, batches: payloads.length };
      this.#bytes += segment.bytes;
      this.#sealed.push(segment);
    }
    return sequences.at(-1);
  }

  #file(sequence: number): string {
    return join(this.#directory, `${String(sequence).padStart(16, "0")}.segment`);
  }
}
