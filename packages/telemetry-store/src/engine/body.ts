import { createWriteStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { PassThrough, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createInflate } from "node:zlib";
import { EngineException, ExceptionCode } from "./exception.ts";

/** Bytes of one request's body, after decompression. */
export const bodyMaxBytes = 64 * 1024 * 1024;

/**
 * Read a request's body into memory.
 *
 * @returns at most `bodyMaxBytes`
 * @throws EngineException QUERY_IS_TOO_LARGE, CANNOT_DECOMPRESS, NOT_IMPLEMENTED (another encoding)
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await pump(
    request,
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    }),
  );
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/**
 * Write a request's body to a file as it comes, without looking at it.
 *
 * @returns bytes written
 * @throws as `readBody`
 */
export async function writeBody(request: IncomingMessage, path: string): Promise<number> {
  const file = createWriteStream(path, { mode: 0o600 });
  await pump(request, file);
  return file.bytesWritten;
}

async function pump(request: IncomingMessage, target: Writable): Promise<void> {
  // Not part of the pipeline: an error there would destroy the request and with it the socket that the answer needs.
  const source = new PassThrough();
  const broken = () => source.destroy(new Error("The client closed the connection before its request was complete"));
  request.pipe(source);
  request.once("aborted", broken);
  try {
    await pipeline([source, ...decoders(request.headers["content-encoding"]), limiter(), target]);
  } catch (error) {
    request.unpipe(source);
    if (String((error as NodeJS.ErrnoException).code).startsWith("Z_")) {
      throw new EngineException(
        ExceptionCode.CannotDecompress,
        `Cannot decompress the request's body: ${(error as Error).message}`,
      );
    }
    throw error;
  } finally {
    request.off("aborted", broken);
  }
}

/**
 * Read what is left of a body that nobody wants, so that the client gets to the answer; for at most two seconds.
 */
export async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 2_000);
  request.once("end", resolve).once("close", resolve).resume();
  await promise;
  clearTimeout(timer);
}

function decoders(encoding: string | undefined): Transform[] {
  if (encoding === undefined || encoding === "identity") return [];
  if (encoding === "gzip") return [createGunzip()];
  if (encoding === "deflate") return [createInflate()];
  throw new EngineException(
    ExceptionCode.NotImplemented,
    `Content-Encoding ${encoding} is not supported: send gzip, deflate or none`,
  );
}

function limiter(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= bodyMaxBytes) return done(null, chunk);
      done(
        new EngineException(
          ExceptionCode.QueryIsTooLarge,
          `The request's body is larger than ${bodyMaxBytes} bytes. Send it in smaller parts.`,
        ),
      );
    },
  });
}
