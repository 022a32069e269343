import type { IncomingMessage } from "node:http";
import { Code, RpcError } from "@msec/rpc";

// Made once: making one costs more than decoding a small body.
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Read a request's body whole.
 *
 * @throws RpcError ResourceExhausted (more than `maxBytes`; the rest is left unread), InvalidArgument (broken off, not UTF-8)
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) {
    throw tooLarge(maxBytes);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      reject(tooLarge(maxBytes));
    } else {
      chunks.push(chunk);
    }
  });
  request.on("end", () => resolve());
  const broken = () => reject(new RpcError(Code.Canceled, "the request broke off before its body was complete"));
  request.on("error", broken);
  request.on("aborted", broken);
  await promise;
  try {
    return utf8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  } catch (cause) {
    throw new RpcError(Code.InvalidArgument, "the body is not valid UTF-8", { cause, details: { ret: -5 } });
  }
}

/** How long the rest of a refused body is read. */
const discardMs = 1_000;

/**
 * Read what still comes of a body and forget it, for a second at most: answered and closed with unread input, the connection would be
 * reset, and the answer be lost on its way.
 */
export async function discardBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) {
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, discardMs);
  request.on("end", resolve);
  request.on("close", resolve);
  request.resume();
  await promise;
  clearTimeout(timer);
}

function tooLarge(maxBytes: number): RpcError {
  return new RpcError(Code.ResourceExhausted, `the body is larger than frames.maxBytes ${maxBytes}`);
}
