/**
 * What a handler sends back beside its response. Over gRPC, gRPC-Web and Connect; other protocols leave it out.
 *
 * Keys are lower-case HTTP header names; the value of a key that ends with `-bin` is base64. Keys that a protocol uses itself
 * (`grpc-…`, `content-…`, `:status`) are not sent.
 */
export interface Reply {
  /** Sent before the response: fill it before the handler returns, or yields its first message. Without prototype. */
  readonly metadata: Record<string, string>;
  /** Sent after the response, also after an error. Without prototype. */
  readonly trailers: Record<string, string>;
  /**
   * Compress what is sent from now on where the caller takes it; default false, because inside a data centre it costs more than it
   * saves. In a streaming method of gRPC it holds for each message that is yielded after it was set. Streaming methods of Connect and all
   * of gRPC-Web do not look at it: what is longer than a KiB is compressed where the caller takes it.
   */
  compress: boolean;
}

/** An empty reply. */
export function createReply(): Reply {
  return { metadata: Object.create(null), trailers: Object.create(null), compress: false };
}
