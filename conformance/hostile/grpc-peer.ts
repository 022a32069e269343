import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { envelope } from "./http2-bytes.ts";

/** What came back for one request over HTTP/2. */
export interface Http2Answer {
  /** HTTP's; 0 for none. */
  readonly status: number;
  /** gRPC's; -1 where none came. */
  readonly code: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A client of HTTP/2 that is sound itself: what is hostile is in the requests. */
export class GrpcPeer implements Disposable {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on("error", () => {});
  }

  /** Begin a request; its body is the caller's affair. */
  open(path: string, headers: OutgoingHttpHeaders = {}): { stream: ClientHttp2Stream; answer: Promise<Http2Answer> } {
    const stream = this.session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    return { stream, answer: answerOf(stream) };
  }

  /** A whole gRPC call. @param body  the envelopes, as they are */
  async call(
    method: string,
    body: Uint8Array = envelope(new Uint8Array(0)),
    headers?: OutgoingHttpHeaders,
  ): Promise<Http2Answer> {
    return await this.post(`/target.Target/${method}`, body, headers);
  }

  /** A whole request of any kind. */
  async post(path: string, body: Uint8Array | string, headers?: OutgoingHttpHeaders): Promise<Http2Answer> {
    const { stream, answer } = this.open(path, headers);
    stream.end(body);
    return await answer;
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const { promise, resolve } = Promise.withResolvers<Http2Answer>();
  const headers: Record<string, string> = {};
  const take = (found: object) => void Object.assign(headers, found);
  const chunks: Buffer[] = [];
  stream.on("response", take);
  stream.on("trailers", take);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => {});
  stream.on("close", () =>
    resolve({
      status: Number(headers[":status"] ?? 0),
      code: Number(headers["grpc-status"] ?? -1),
      message: decodeURIComponent(headers["grpc-message"] ?? ""),
      headers,
      body: Buffer.concat(chunks),
    }),
  );
  return promise;
}
