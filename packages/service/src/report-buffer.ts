import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import type { Batch, Recorder } from "@msec/telemetry";
import { compileCodec, Writer } from "@msec/wire";

/** Bytes of telemetry that wait for an agent that is away; about a minute at 100 KB/s, more at the usual few. */
export const BUFFER_MAX_BYTES = 8 * 1024 * 1024;

/** The largest batch that an agent takes. */
export const BATCH_MAX_BYTES = 1024 * 1024;

type Waiting = { readonly bytes: Uint8Array; readonly rows: number };

/** Batches on their way to the agent, oldest first; bounded, and what does not fit is counted in a later batch. */
export class ReportBuffer {
  readonly #recorder: Recorder;
  readonly #maxBytes: number;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #lostRows = 0;

  constructor(recorder: Recorder, maxBytes = BUFFER_MAX_BYTES) {
    this.#recorder = recorder;
    this.#maxBytes = maxBytes;
  }

  /** Batches that wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes over what was recorded since the last time. */
  collect(): void {
    const batch = this.#recorder.drain();
    if (batch === undefined) return;
    batch.droppedRows += BigInt(this.#lostRows);
    this.#lostRows = 0;
    const writer = new Writer();
    compileCodec(BatchSchema).encode(batch, writer);
    const bytes = writer.detach();
    this.#waiting.push({ bytes, rows: rowsOf(batch) });
    this.#bytes += bytes.length;
    if (bytes.length > BATCH_MAX_BYTES) this.#lose(this.#waiting.length - 1);
    while (this.#bytes > this.#maxBytes) this.#lose(0);
  }

  /** The oldest batch, which stays until `delivered` or `refused`. */
  first(): Uint8Array | undefined {
    return this.#waiting[0]?.bytes;
  }

  /** The agent has the batch. */
  delivered(bytes: Uint8Array): void {
    this.#take(this.#waiting.findIndex((waiting) => waiting.bytes === bytes));
  }

  /** The agent will never take the batch. */
  refused(bytes: Uint8Array): void {
    this.#lose(this.#waiting.findIndex((waiting) => waiting.bytes === bytes));
  }

  #lose(position: number): void {
    this.#lostRows += this.#take(position)?.rows ?? 0;
  }

  // -1: dropped meanwhile to make room.
  #take(position: number): Waiting | undefined {
    if (position < 0) return undefined;
    const [taken] = this.#waiting.splice(position, 1);
    this.#bytes -= taken!.bytes.length;
    return taken;
  }
}

function rowsOf({ spans, calls, samples, logs, droppedRows }: Batch): number {
  return spans.startUs.length + calls.count.length + samples.value.length + logs.timeUs.length + Number(droppedRows);
}
