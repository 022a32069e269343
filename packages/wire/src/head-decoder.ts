import { defaultHeadLimits, type HeadLimits, HeadTag, type MetadataEntry, type RpcHead } from "./head.ts";
import { sequenceOfPlainAnswer } from "./plain-answer.ts";
import { Reader } from "./reader.ts";
import { RecentText } from "./recent-text.ts";
import { decodeStrictText, decodeText } from "./text.ts";
import { uint64FromHalves } from "./uint64.ts";
import { UsualHeads } from "./usual-head.ts";
import { WireError, WireReason } from "./wire-error.ts";

const traceparentBytes = 25;
const metadataKeyTag = (1 << 3) | 2;
const metadataValueTag = (2 << 3) | 2;

/**
 * Decodes heads; one for each listener or channel is enough, since it only remembers names.
 *
 * What it does not know it skips, as protobuf wants it, including known fields of the wrong wire type; the last of a repeated
 * singular field wins. A traceparent that has not 25 bytes, or an all-zero trace or span id, counts as absent (W3C: restart the trace).
 */
export class HeadDecoder {
  readonly #limits: HeadLimits;
  readonly #reader = new Reader();
  readonly #names = new RecentText();
  readonly #usual = new UsualHeads();
  #metadataBytes = 0;

  constructor(limits: HeadLimits = defaultHeadLimits) {
    this.#limits = limits;
  }

  /**
   * Decode the head of a request, `bytes[start, end)`, into `head`. Nothing in `head` refers to `bytes` afterwards.
   *
   * When it throws, `head` has what was read until then: with `hasSequence` the error can still be answered.
   *
   * @throws WireError MissingField (no sequence, no or empty method_name, unless it is a cancellation), TooLarge (see `HeadLimits`), or broken protobuf
   */
  decodeRequest(bytes: Uint8Array, start: number, end: number, head: RpcHead): void {
    if (this.#usual.decode(bytes, start, end, head)) {
      return;
    }
    this.#decode(bytes, start, end, head);
    if (head.method.bytes.length === 0) {
      if (head.cancel === 0) {
        throw new WireError(WireReason.MissingField, "the head has no method_name (field 51)");
      }
    } else {
      this.#usual.learn(head);
    }
  }

  /**
   * Decode the head of a response. The original's Java server leaves method_name empty, so only the sequence is required.
   *
   * What a response only echoes (names, trace, flow and colour) is passed over: the caller knows it. That is half the work.
   *
   * @throws WireError as `decodeRequest`
   */
  decodeResponse(bytes: Uint8Array, start: number, end: number, head: RpcHead): void {
    const sequence = sequenceOfPlainAnswer(bytes, start, end);
    if (sequence >= 0) {
      // Nothing else is set since the last one.
      if (!head.isPlainAnswer) {
        head.reset();
        head.hasSequence = true;
        head.isPlainAnswer = true;
      }
      head.sequence = sequence;
      return;
    }
    head.reset();
    this.#metadataBytes = 0;
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === HeadTag.sequence) {
        reader.varint64();
        head.sequence = uint64FromHalves(reader.low, reader.high);
        head.hasSequence = true;
      } else if (tag === HeadTag.method_name || tag === HeadTag.caller) {
        const length = reader.length();
        reader.position += length;
      } else if (tag === HeadTag.color_id || tag === HeadTag.flow_id) {
        reader.varint64();
      } else {
        this.#decodeRare(tag, head);
      }
    }
    requireSequence(head);
  }

  /** As `decodeResponse`, with everything that a response echoes; for tools that look at what a server answers. */
  decodeWholeResponse(bytes: Uint8Array, start: number, end: number, head: RpcHead): void {
    this.#decode(bytes, start, end, head);
  }

  #decode(bytes: Uint8Array, start: number, end: number, head: RpcHead): void {
    head.reset();
    this.#metadataBytes = 0;
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    while (reader.position < end) {
      const tag = reader.tag();
      switch (tag) {
        case HeadTag.sequence:
          reader.varint64();
          head.sequence = uint64FromHalves(reader.low, reader.high);
          head.hasSequence = true;
          break;
        case HeadTag.flow_id:
          reader.varint64();
          head.flowIdLow = reader.low;
          head.flowIdHigh = reader.high;
          head.hasFlowId = (reader.low | reader.high) !== 0;
          break;
        case HeadTag.color_id:
          reader.varint64();
          head.colorIdLow = reader.low;
          head.colorIdHigh = reader.high;
          head.hasColorId = true;
          break;
        case HeadTag.coloring:
          head.coloring = reader.uint32();
          break;
        case HeadTag.method_name:
          head.method = this.#name("method_name", this.#limits.maxMethodBytes);
          break;
        case HeadTag.caller:
          head.caller = this.#name("caller", this.#limits.maxCallerBytes);
          break;
        case HeadTag.traceparent:
          this.#traceparent(head);
          break;
        case HeadTag.timeout_ms:
          head.timeoutMs = reader.uint32();
          break;
        case HeadTag.hops:
          head.hops = reader.uint32();
          break;
        default:
          this.#decodeRare(tag, head);
      }
    }
    requireSequence(head);
  }

  /** Fields that ordinary calls do not have, kept out of the loop above so that it stays small. */
  #decodeRare(tag: number, head: RpcHead): void {
    const reader = this.#reader;
    switch (tag) {
      case HeadTag.err:
        head.err = reader.uint32() | 0;
        break;
      case HeadTag.result:
        head.result = reader.uint32() | 0;
        break;
      case HeadTag.err_msg: {
        const length = reader.length();
        head.errMsg = decodeText(reader.bytes, reader.position, reader.position + length);
        reader.position += length;
        break;
      }
      case HeadTag.code:
        head.code = reader.uint32();
        break;
      case HeadTag.details:
        head.details = reader.copyBytes(reader.length());
        break;
      case HeadTag.metadata:
        this.#metadata(head);
        break;
      case HeadTag.retry:
        head.retry = reader.uint32();
        break;
      case HeadTag.cancel:
        head.cancel = reader.uint32();
        break;
      case HeadTag.features:
        head.features = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }

  #name(field: string, maxBytes: number) {
    const reader = this.#reader;
    const length = reader.length();
    if (length > maxBytes) {
      throw new WireError(WireReason.TooLarge, `${field} has ${length} bytes, at most ${maxBytes} are accepted`);
    }
    const start = reader.position;
    reader.position = start + length;
    return this.#names.get(reader.bytes, start, start + length);
  }

  #traceparent(head: RpcHead): void {
    const reader = this.#reader;
    const length = reader.length();
    const start = reader.position;
    reader.position = start + length;
    const bytes = reader.bytes;
    if (length !== traceparentBytes || isZero(bytes, start, 16) || isZero(bytes, start + 16, 8)) {
      return;
    }
    const { trace } = head;
    for (let i = 0; i < 24; i++) {
      trace[i] = bytes[start + i]!;
    }
    head.traceFlags = bytes[start + 24]!;
    head.hasTrace = true;
  }

  #metadata(head: RpcHead): void {
    const limits = this.#limits;
    const reader = this.#reader;
    if (head.metadata.length >= limits.maxMetadataEntries) {
      throw new WireError(WireReason.TooLarge, `more than ${limits.maxMetadataEntries} metadata entries`);
    }
    const outerEnd = reader.end;
    const length = reader.length();
    reader.end = reader.position + length;
    const entry = this.#metadataEntry();
    reader.end = outerEnd;
    if (head.metadata.length === 0) {
      head.metadata = [entry];
    } else {
      (head.metadata as MetadataEntry[]).push(entry);
    }
  }

  #metadataEntry(): MetadataEntry {
    const limits = this.#limits;
    const reader = this.#reader;
    let key = "";
    let value: Uint8Array | undefined;
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (tag !== metadataKeyTag && tag !== metadataValueTag) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      this.#metadataBytes += length;
      if (this.#metadataBytes > limits.maxMetadataBytes) {
        throw new WireError(WireReason.TooLarge, `more than ${limits.maxMetadataBytes} bytes of metadata`);
      }
      if (tag === metadataValueTag) {
        value = reader.copyBytes(length);
        continue;
      }
      if (length > limits.maxMetadataKeyBytes) {
        throw new WireError(
          WireReason.TooLarge,
          `a metadata key has ${length} bytes, at most ${limits.maxMetadataKeyBytes} are accepted`,
        );
      }
      key = decodeStrictText(reader.bytes, reader.position, reader.position + length);
      reader.position += length;
    }
    if (key === "") {
      throw new WireError(WireReason.MissingField, "a metadata entry has no key");
    }
    return { key, value: value ?? new Uint8Array(0) };
  }
}

function requireSequence(head: RpcHead): void {
  if (!head.hasSequence) {
    throw new WireError(WireReason.MissingField, "the head has no sequence (field 10)");
  }
}

function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== 0) {
      return false;
    }
  }
  return true;
}
