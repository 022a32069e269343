import { colorIdFromMethod } from "./color-id.ts";
import { HeadTag, int32BigEndian, type MetadataEntry, type RpcHead } from "./head.ts";
import type { Uint64 } from "./uint64.ts";
import { WireError, WireReason } from "./wire-error.ts";
import { Writer } from "./writer.ts";

/** The parts of a request's head that differ from call to call. Absent or 0 means not sent. */
export interface RequestHeadFields {
  /** 1: record the request in full along its path. */
  readonly coloring?: number | undefined;
  /** 16 bytes, not all zero; its low 64 bits are also sent as `flow_id`. Sent only together with `spanId`. */
  readonly traceId?: Uint8Array | undefined;
  /** 8 bytes: the span of this call on the caller's side. */
  readonly spanId?: Uint8Array | undefined;
  /** W3C trace flags, 0…255; default 0. */
  readonly traceFlags?: number | undefined;
  /** Milliseconds left until the caller gives up, 1…2^32-1; a fraction is rounded up, 0 and less are not sent. */
  readonly timeoutMs?: number | undefined;
  readonly metadata?: readonly MetadataEntry[] | undefined;
  /** Services that the request has been through when it is sent, 0…2^32-1. */
  readonly hops?: number | undefined;
  /** 1: part of a repeated call. */
  readonly retry?: number | undefined;
}

/**
 * Writes the heads of one caller's requests to one method: what never changes (color_id, caller, method_name with
 * their tags) is encoded once, at construction.
 */
export class RequestHeadEncoder {
  readonly #colorId: Uint8Array;
  readonly #names: Uint8Array;

  /**
   * @param caller  "Lvl1.Lvl2" of the calling service; "" leaves the field out
   * @param method  full name, `package.Service.Method`; not empty
   */
  constructor(caller: string, method: string) {
    if (method === "") {
      throw new WireError(WireReason.MissingField, "a request's method name must not be empty");
    }
    const writer = new Writer({ initialBytes: 128 });
    writer.uint32(HeadTag.color_id);
    writer.uint32(colorIdFromMethod(method));
    this.#colorId = writer.copy();
    writer.reset();
    if (caller !== "") {
      writer.uint32(HeadTag.caller);
      writer.string(caller);
    }
    writer.uint32(HeadTag.method_name);
    writer.string(method);
    this.#names = writer.copy();
  }

  /**
   * Append a head to the writer, in field order.
   *
   * @param sequence  0 … 2^64-1, unique among the calls outstanding on a connection
   */
  encode(writer: Writer, sequence: Uint64, fields: RequestHeadFields): void {
    writer.byte(HeadTag.sequence);
    writer.uint64(sequence);
    if (fields.coloring) {
      writer.uint32(HeadTag.coloring);
      writer.uint32(fields.coloring);
    }
    writer.raw(this.#colorId);
    const traceId = fields.traceId;
    if (traceId !== undefined) {
      writer.uint32(HeadTag.flow_id);
      writer.varint64(int32BigEndian(traceId, 12), int32BigEndian(traceId, 8));
    }
    writer.raw(this.#names);
    if (traceId !== undefined && fields.spanId !== undefined) {
      writer.uint32(HeadTag.traceparent);
      writer.byte(25);
      writer.raw(traceId);
      writer.raw(fields.spanId);
      writer.byte(fields.traceFlags ?? 0);
    }
    if (fields.timeoutMs !== undefined && fields.timeoutMs > 0) {
      writer.uint32(HeadTag.timeout_ms);
      writer.uint32(Math.min(Math.ceil(fields.timeoutMs), 0xffff_ffff));
    }
    if (fields.metadata !== undefined && fields.metadata.length > 0) {
      writeMetadata(writer, fields.metadata);
    }
    if (fields.hops) {
      writer.uint32(HeadTag.hops);
      writer.uint32(fields.hops);
    }
    if (fields.retry) {
      writer.uint32(HeadTag.retry);
      writer.uint32(fields.retry);
    }
  }
}

/**
 * Append a head that gives up the call with `sequence`. Its empty method name is there for the original's parser, which requires
 * the field and answers with "invalid method name".
 */
export function encodeCancelHead(writer: Writer, sequence: Uint64): void {
  writer.byte(HeadTag.sequence);
  writer.uint64(sequence);
  writer.uint32(HeadTag.method_name);
  writer.byte(0);
  writer.uint32(HeadTag.cancel);
  writer.byte(1);
}

/** The parts of a response's head that are the server's own. Absent, 0 or empty means not sent. */
export interface ResponseHeadFields {
  /** The original's framework error, 0 or negative. */
  readonly err?: number | undefined;
  readonly errMsg?: string | undefined;
  /** gRPC's status code. */
  readonly code?: number | undefined;
  readonly details?: Uint8Array | undefined;
  readonly metadata?: readonly MetadataEntry[] | undefined;
  /** Bits of `HeadFeature`. */
  readonly features?: number | undefined;
}

/**
 * Append the head that answers `request`, in field order.
 *
 * As the original's C++ server it echoes sequence, coloring, color_id, flow_id, caller and method_name; unlike it, never
 * the client's err, result, err_msg or unknown fields, which would let a client forge its own answer.
 *
 * @param fields  the server's own; `undefined` for plain success
 */
export function encodeResponseHead(writer: Writer, request: RpcHead, fields?: ResponseHeadFields): void {
  writer.byte(HeadTag.sequence);
  writer.uint64(request.sequence);
  if (request.coloring !== undefined) {
    writer.uint32(HeadTag.coloring);
    writer.uint32(request.coloring);
  }
  if (request.hasColorId) {
    writer.uint32(HeadTag.color_id);
    writer.varint64(request.colorIdLow, request.colorIdHigh);
  }
  if (request.hasFlowId) {
    writer.uint32(HeadTag.flow_id);
    writer.varint64(request.flowIdLow, request.flowIdHigh);
  }
  if (fields?.err) {
    writer.uint32(HeadTag.err);
    writer.int32(fields.err);
  }
  if (fields?.errMsg) {
    writer.uint32(HeadTag.err_msg);
    writer.string(fields.errMsg);
  }
  if (request.caller.bytes.length > 0) {
    writer.uint32(HeadTag.caller);
    writer.lengthDelimited(request.caller.bytes);
  }
  // Required by the original's parser, so written even when it is empty.
  writer.uint32(HeadTag.method_name);
  writer.lengthDelimited(request.method.bytes);
  if (fields !== undefined) {
    writeOwnFields(writer, fields);
  }
}

function writeOwnFields(writer: Writer, fields: ResponseHeadFields): void {
  if (fields.metadata !== undefined && fields.metadata.length > 0) {
    writeMetadata(writer, fields.metadata);
  }
  if (fields.code) {
    writer.uint32(HeadTag.code);
    writer.uint32(fields.code);
  }
  if (fields.details !== undefined && fields.details.length > 0) {
    writer.uint32(HeadTag.details);
    writer.lengthDelimited(fields.details);
  }
  if (fields.features) {
    writer.uint32(HeadTag.features);
    writer.uint32(fields.features);
  }
}

function writeMetadata(writer: Writer, metadata: readonly MetadataEntry[]): void {
  for (const { key, value } of metadata) {
    if (key === "") {
      throw new WireError(WireReason.BadValue, "a metadata key must not be empty");
    }
    writer.uint32(HeadTag.metadata);
    const start = writer.beginLengthDelimited();
    writer.byte(0x0a);
    writer.string(key);
    writer.byte(0x12);
    writer.lengthDelimited(value);
    writer.endLengthDelimited(start);
  }
}
