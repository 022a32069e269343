import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Writer } from "@msec/wire";

/** Encodes and decodes one message type. */
export interface MessageCodec<Desc extends DescMessage = DescMessage> {
  /** Append any object with the message's fields. @throws Error where a required field is missing or a value does not fit */
  encode(fields: object, writer: Writer): void;
  /** Decode `bytes[start, end)`; the message does not alias `bytes`. @throws Error where they are not this message */
  decode(bytes: Uint8Array, start: number, end: number): MessageShape<Desc>;
}

const codecs = new WeakMap<DescMessage, MessageCodec>();

/** The codec of a message type; the same object at each call. */
export function messageCodec<Desc extends DescMessage>(desc: Desc): MessageCodec<Desc> {
  let codec = codecs.get(desc);
  if (!codec) {
    codec = {
      encode: (fields, writer) => writer.raw(toBinary(desc, create(desc, fields as never))),
      decode: (bytes, start, end) => fromBinary(desc, Uint8Array.prototype.slice.call(bytes, start, end)),
    };
    codecs.set(desc, codec);
  }
  return codec as MessageCodec<Desc>;
}
