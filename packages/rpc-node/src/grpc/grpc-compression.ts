import { promisify } from "node:util";
import { gunzip, gzip, inflate } from "node:zlib";
import { Code, RpcError } from "@msec/rpc";
import type { Envelope } from "./envelope-reader.ts";

/** What is accepted, as `grpc-accept-encoding` says it. */
export const acceptedEncodings = "identity,gzip,deflate";

const decompressors: Readonly<Record<string, (bytes: Buffer, maxBytes: number) => Promise<Buffer>>> = {
  gzip: (bytes, maxOutputLength) => promisify(gunzip)(bytes, { maxOutputLength }) as Promise<Buffer>,
  // "deflate" of gRPC, as of HTTP, is the zlib format.
  deflate: (bytes, maxOutputLength) => promisify(inflate)(bytes, { maxOutputLength }) as Promise<Buffer>,
};

/** Why messages of this encoding cannot be read, or `undefined` if they can. */
export function refuseEncoding(encoding: string): RpcError | undefined {
  return encoding === "" || encoding === "identity" || Object.hasOwn(decompressors, encoding)
    ? undefined
    : new RpcError(
        Code.Unimplemented,
        `messages compressed with ${JSON.stringify(encoding.slice(0, 40))} cannot be read; accepted are ${acceptedEncodings}`,
        { details: { notExecuted: true } },
      );
}

/**
 * Check a message's flags and decompress it.
 *
 * @param encoding  of the `grpc-encoding` header, "" for none
 * @returns the bytes at once where they are not compressed
 * @throws RpcError Internal (compressed without an encoding, unknown flags), ResourceExhausted (larger than `maxBytes` when
 *   decompressed), InvalidArgument (not what the encoding says)
 */
export function readEnvelope({ flags, body }: Envelope, encoding: string, maxBytes: number): Buffer | Promise<Buffer> {
  if (flags === 0) {
    return body;
  }
  if (flags !== 1) {
    throw new RpcError(Code.Internal, `the message has flags ${flags}; only bit 0, compressed, is known`);
  }
  const decompress = decompressors[encoding];
  if (!decompress) {
    throw new RpcError(Code.Internal, "the message is marked as compressed, but the call has no grpc-encoding");
  }
  return decompress(body, maxBytes).catch((cause: { code?: string }) => {
    throw cause.code === "ERR_BUFFER_TOO_LARGE"
      ? new RpcError(Code.ResourceExhausted, `the decompressed message is larger than frames.maxBytes ${maxBytes}`, {
          cause,
        })
      : new RpcError(Code.InvalidArgument, `the message is not ${encoding}, as its header says`, { cause });
  });
}

/** What a compressed message can become at most: deflate makes no more than 1,032 bytes of one. */
export function decompressedBytes(bytes: number, maxBytes: number): number {
  return Math.min(bytes * 1_032, maxBytes);
}

/** Compress an answer. */
export const gzipMessage: (bytes: Uint8Array) => Promise<Buffer> = promisify(gzip) as (
  bytes: Uint8Array,
) => Promise<Buffer>;

/** Whether the caller takes gzip. */
export function acceptsGzip(header: string): boolean {
  return header.split(",").some((name) => name.trim() === "gzip");
}
