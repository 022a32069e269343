import { constants, type ServerHttp2Stream } from "node:http2";
import { Code, RpcError } from "@msec/rpc";

/**
 * The body of an HTTP/2 request, chunk by chunk, as it is asked for: what is not asked for stays in the stream's window.
 *
 * Not the stream's own iterator, for two reasons: of a stream that is reset before the first `next`, that one never ends; and a reset
 * later ends it as if all had come.
 *
 * @throws RpcError Canceled when the stream is reset or its connection breaks
 */
export async function* readChunks(stream: ServerHttp2Stream): AsyncGenerator<Buffer> {
  let changed = Promise.withResolvers<void>();
  const wake = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  for (const event of ["readable", "end", "close"]) {
    stream.on(event, wake);
  }
  for (;;) {
    const { promise } = changed;
    const chunk: Buffer | null = stream.destroyed ? null : stream.read();
    if (chunk !== null) {
      yield chunk;
    } else if (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      throw new RpcError(Code.Canceled, "the caller gave the call up");
    } else if (stream.readableEnded) {
      return;
    } else if (stream.destroyed) {
      throw new RpcError(Code.Canceled, "the connection broke before the request was complete");
    } else {
      await promise;
    }
  }
}
