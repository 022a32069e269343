import { mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { isOutOfSpace } from "@msec/process";
import { readSegment, recordBytes, SegmentWriter } from "./segment-file.ts";

/** What a spool may hold. */
export interface SpoolOptions {
  readonly directory: string;
  /** Bytes on disk; when a further batch would exceed them, the oldest segment is dropped and counted. */
  readonly maxBytes: number;
  /** Bytes of one segment, which is one request to the server; default 4 MiB, or a quarter of `maxBytes` where that is less, at least 1 MiB and 4 KiB. */
  readonly segmentBytes?: number;
  /** Bytes that may wait in memory while the disk is full; default 4 MiB. */
  readonly heldBytes?: number;
  /** Hears of each change of `Spool.place`. */
  readonly onPlace?: (place: SpoolPlace) => void;
}

/** Where a spool puts what it is given now. */
export const SpoolPlace = {
  Disk: "disk",
  /** The disk is full: it waits in memory. */
  Memory: "memory",
  /** What may wait in memory is full too: it is refused, and stays with whoever reports it. */
  Nowhere: "nowhere",
} as const;

/** One of {@link SpoolPlace}. */
export type SpoolPlace = (typeof SpoolPlace)[keyof typeof SpoolPlace];

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
  /** Its payloads, where it is in memory instead of on disk. */
  held?: Uint8Array[] | undefined;
}

const SEGMENT_NAME = /^(\d{16})\.segment$/;
/** Room for the largest batch (1 MiB) with the names of its envelope. */
const SEGMENT_LEAST_BYTES = 1024 * 1024 + 4096;
/** 20,000 log lines: the store takes them for half of what it takes for as many in four inserts. Waited for only where so much comes. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Most batches of one segment; the server takes 10,000 in a request (`maxEnvelopes` of its agents/handler.ts). */
const SEGMENT_BATCHES_MAX = 4096;
const HELD_BYTES = 4 * 1024 * 1024;
/** How often a full disk is asked whether it takes again what waits in memory. */
const DISK_AGAIN_MS = 1_000;

/**
 * Telemetry on its way to the server, kept on disk until the server has it. While the disk is full a little of it waits in memory, so that a server that is there goes on
 * hearing of this host, of its disk above all; beyond that the oldest on disk makes room, and where nothing is left what comes is refused.
 *
 * A segment is `open` (appended to) → `sealed` (never changes again) → gone (the server answered, or it was the oldest when the
 * spool was full). One segment is one request and its sequence number is the request's, so a repeat after a crash has the
 * same number *and* the same content, which is what lets the server ignore it.
 *
 * The open segment's file exists before its predecessor is deleted: the highest number on disk is always the last one used, but for those that were in memory; so a spool that is
 * opened begins with the time, in microseconds, which is above all of them: requests are far fewer than one a microsecond. Exact in a double until the year 2255.
 */
export class Spool {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** In ascending order. */
  readonly #sealed: Segment[] = [];
  #open: Segment;
  /** `undefined` where the disk had no room for its file. */
  #writer: SegmentWriter | undefined;
  readonly #heldMaxBytes: number;
  readonly #onPlace: (place: SpoolPlace) => void;
  #place: SpoolPlace = SpoolPlace.Disk;
  #heldBytes = 0;
  /** When the disk was last asked. */
  #askedMs = Number.NEGATIVE_INFINITY;
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
    this.#heldMaxBytes = options.heldBytes ?? HELD_BYTES;
    this.#onPlace = options.onPlace ?? (() => {});
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const last = this.#takeUp();
    this.#open = { sequence: Math.max((last ?? 0) + 1, Date.now() * 1000), bytes: 0, batches: 0 };
    this.#writer = this.#newWriter();
    // Empty ones held a number, which the new one now holds.
    for (const empty of this.#sealed.filter((segment) => segment.batches === 0)) this.remove(empty.sequence);
    this.#trim(0);
  }

  /** Bytes that wait: on disk, and in memory. */
  get bytes(): number {
    return this.#bytes + this.#heldBytes;
  }

  /** Where the last batch went. */
  get place(): SpoolPlace {
    return this.#place;
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
   * Append one batch; it is on disk when this returns, or in memory while the disk is full.
   *
   * @param payload  at most a segment's size
   * @throws RangeError when it is larger; what the file system says when there is no room in memory either and dropping the oldest on disk did not make any
   */
  append(payload: Uint8Array): void {
    const bytes = recordBytes(payload);
    if (bytes > this.#segmentBytes) throw new RangeError(`a batch of ${payload.length} bytes is larger than a segment`);
    const full = this.#open.bytes + bytes > this.#segmentBytes || this.#open.batches >= SEGMENT_BATCHES_MAX;
    if (full) this.#seal();
    this.#trim(bytes);
    this.#write(payload);
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
    return { sequence: segment.sequence, payloads: this.#payloadsOf(segment) };
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
    const payloads = this.#payloadsOf(segment);
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

  /** @returns batches that were in memory and for which the disk still has no room: they are lost */
  close(): number {
    this.#toDisk();
    this.#writer?.close();
    return [...this.#sealed, this.#open].reduce((sum, { held }) => sum + (held?.length ?? 0), 0);
  }

  #write(payload: Uint8Array): void {
    if (this.#open.held !== undefined && performance.now() - this.#askedMs >= DISK_AGAIN_MS) this.#toDisk();
    const bytes = recordBytes(payload);
    for (;;) {
      const full = this.#open.held === undefined ? this.#tryDisk(payload, bytes) : undefined;
      if (full === undefined && this.#open.held === undefined) return;
      if (this.#heldBytes + bytes <= this.#heldMaxBytes) {
        this.#hold(payload, bytes);
        return;
      }
      if (!this.#dropOldestOnDisk()) {
        this.#now(SpoolPlace.Nowhere);
        throw full ?? new OutOfSpace();
      }
      this.#toDisk();
    }
  }

  /** @returns why the disk has no room; `undefined` when it is there. @throws every other fault */
  #tryDisk(payload: Uint8Array, bytes: number): unknown {
    try {
      this.#writer ??= new SegmentWriter(this.#file(this.#open.sequence));
      this.#writer.append(payload);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      return error;
    }
    this.#open.bytes += bytes;
    this.#open.batches++;
    this.#bytes += bytes;
    if (this.#heldBytes === 0) this.#now(SpoolPlace.Disk);
    return undefined;
  }

  #hold(payload: Uint8Array, bytes: number): void {
    // A segment is in one place.
    if (this.#open.held === undefined && this.#open.batches > 0) this.#seal();
    this.#open.held ??= [];
    this.#open.held.push(payload);
    this.#open.bytes += bytes;
    this.#open.batches++;
    this.#heldBytes += bytes;
    this.#now(SpoolPlace.Memory);
  }

  /** Write what waits in memory to disk, oldest first, as far as there is room. */
  #toDisk(): void {
    this.#askedMs = performance.now();
    for (const segment of [...this.#sealed, this.#open]) {
      if (segment.held === undefined) continue;
      const writer = (segment === this.#open ? this.#writer : undefined) ?? this.#newWriter(segment);
      if (segment === this.#open) this.#writer = writer;
      if (writer === undefined) return;
      try {
        for (const payload of segment.held) writer.append(payload);
      } catch (error) {
        writer.empty();
        if (segment !== this.#open) {
          writer.close();
          unlinkSync(this.#file(segment.sequence));
        }
        if (isOutOfSpace(error)) return;
        throw error;
      }
      if (segment !== this.#open) writer.close();
      segment.held = undefined;
      this.#heldBytes -= segment.bytes;
      this.#bytes += segment.bytes;
    }
  }

  #now(place: SpoolPlace): void {
    if (place === this.#place) return;
    this.#place = place;
    this.#onPlace(place);
  }

  #payloadsOf(segment: Segment): readonly Uint8Array[] {
    return segment.held ?? readSegment(this.#file(segment.sequence)).payloads;
  }

  #newWriter(segment = this.#open): SegmentWriter | undefined {
    try {
      return new SegmentWriter(this.#file(segment.sequence));
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      return undefined;
    }
  }

  #seal(): void {
    const sealed = this.#open;
    const writer = this.#writer;
    this.#open = { sequence: sealed.sequence + 1, bytes: 0, batches: 0 };
    this.#writer = this.#newWriter();
    writer?.close();
    // Its number was kept by an empty file.
    if (sealed.held !== undefined && writer !== undefined) unlinkSync(this.#file(sealed.sequence));
    this.#sealed.push(sealed);
    this.#sealing?.();
  }

  #trim(extraBytes: number): void {
    while (this.#bytes + extraBytes > this.#maxBytes && this.#dropOldestOnDisk()) {
      // Each turn drops one.
    }
  }

  #dropOldestOnDisk(): boolean {
    const position = this.#sealed.findIndex(({ held }) => held === undefined);
    if (position < 0) return false;
    const [oldest] = this.#sealed.splice(position, 1);
    this.#droppedBatches += oldest!.batches;
    this.#delete(oldest!);
    return true;
  }

  #delete(segment: Segment): void {
    if (segment.held !== undefined) {
      this.#heldBytes -= segment.bytes;
      return;
    }
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

/** There is no room, found without asking the disk again. */
class OutOfSpace extends Error {
  readonly code = "ENOSPC";

  constructor() {
    super("the disk of the spool is full, and so is what may wait in memory");
  }
}
