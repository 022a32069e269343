import { Code, RpcError, type ServedMethod, type ServedStream } from "@msec/rpc";
import { returnWriter, takeWriter } from "../writer-pool.ts";

const prefixBytes = 5;

/**
 * A response as gRPC's length-prefixed message, not compressed.
 *
 * @returns memory of its own: the socket reads from it later
 * @throws RpcError ResourceExhausted (larger than `maxBytes`); WireError where the fields are not the message's
 */
export function encodeEnvelope(method: ServedMethod | ServedStream, fields: object, maxBytes: number): Buffer {
  const writer = takeWriter();
  try {
    writer.byte(0);
    writer.fixed32BigEndian(0);
    method.response.encode(fields, writer);
    const length = writer.position - prefixBytes;
    if (length > maxBytes) {
      throw new RpcError(
        Code.ResourceExhausted,
        `the response of ${method.name} has ${length} bytes, frames.maxBytes is ${maxBytes}`,
      );
    }
    writer.view.setUint32(1, length);
    return Buffer.from(writer.written());
  } finally {
    returnWriter(writer);
  }
}

/** A message as an envelope, with the compressed flag. */
export function compressedEnvelope(body: Buffer): Buffer {
  const envelope = Buffer.allocUnsafe(prefixBytes + body.length);
  envelope[0] = 1;
  envelope.writeUInt32BE(body.length, 1);
  body.copy(envelope, prefixBytes);
  return envelope;
}
