import type { IncomingMessage } from "node:http";

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
