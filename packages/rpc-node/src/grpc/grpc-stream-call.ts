import { once } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { type CallServer, Code, RpcError, rpcErrorFromUnknown, type ServedStream, serveStream } from "@msec/rpc";
import { CallRoom } from "../call-room.ts";
import { addMetadata, firstHeader } from "../http2/header-metadata.ts";
import { streamWindowBytes } from "../http2/http2-connection.ts";
import type { Http2Exchange, Http2Shared } from "../http2/http2-exchange.ts";
import { readChunks } from "../http2/read-chunks.ts";
import { badRequest } from "../http2/unary-web-call.ts";
import { type ArrivedHeaders, WebCall } from "../http2/web-call.ts";
import { compressedEnvelope, encodeEnvelope } from "./encode-envelope.ts";
import { EnvelopeReader } from "./envelope-reader.ts";
import { acceptedEncodings, acceptsGzip, decompressedBytes, gzipMessage, readEnvelope } from "./grpc-compression.ts";
import { respondGrpcError } from "./grpc-response.ts";
import { trailersFromError } from "./grpc-status.ts";
import { incomplete } from "./grpc-unary-call.ts";

/**
 * One streaming gRPC call on an HTTP/2 stream.
 *
 * Back-pressure both ways: requests are read as the handler takes them (what it does not take fills the stream's window), and the
 * handler is asked for its next response when the stream has taken the last.
 */
export class GrpcStreamCall extends WebCall implements Http2Exchange {
  readonly stream: ServerHttp2Stream;
  /** Whether the request that was read last came compressed. */
  requestIsCompressed = false;
  readonly comesSinceMs: number;
  readonly #room: CallRoom;
  readonly #served: ServedStream;
  readonly #calls: CallServer;
  readonly #maxBytes: number;
  readonly #encoding: string;
  readonly #takesGzip: boolean;
  #sentBytes = 0;
  #trailers: Record<string, string> = {};
  #waitsForRequest = false;
  #closed: (() => void) | undefined;

  constructor(arrived: ArrivedHeaders, stream: ServerHttp2Stream, method: ServedStream, shared: Http2Shared) {
    super(arrived);
    this.stream = stream;
    this.comesSinceMs = this.receivedMs;
    this.#room = new CallRoom(arrived.connection.room, undefined);
    this.#served = method;
    this.#calls = shared.calls;
    this.#maxBytes = shared.limits.frames.maxBytes;
    this.#encoding = firstHeader(arrived.headers, "grpc-encoding");
    this.#takesGzip = acceptsGzip(firstHeader(arrived.headers, "grpc-accept-encoding"));
  }

  get isIncomplete(): boolean {
    return this.#waitsForRequest && !this.#room.isWaiting;
  }

  /** Run the handler; settles when the call is over. Never rejects. */
  async run(): Promise<void> {
    this.stream.on("close", () => {
      this.#room.end();
      this.#closed?.();
      this.#calls.abandon(this, new RpcError(Code.Canceled, "the caller gave the call up"));
    });
    try {
      const input = this.#served.desc.methodKind === "server_streaming" ? await this.#onlyRequest() : this.#requests();
      if (this.settled) {
        return;
      }
      for await (const fields of serveStream(this.#calls, this, this.#served, input, () => this.#sentBytes)) {
        await this.#send(fields);
      }
      this.#end({ "grpc-status": "0" });
    } catch (thrown) {
      const error = rpcErrorFromUnknown(thrown);
      this.#calls.refuse(this, error);
      this.respondError(error);
    }
  }

  respond(): number {
    throw new TypeError("a streaming call is answered message by message");
  }

  // Comes from the deadline or the listener's close too, while the handler is at work.
  respondError(error: RpcError): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed || stream.writableEnded) {
      return;
    }
    if (!stream.headersSent) {
      respondGrpcError(stream, error, this.givenReply);
      this.#closeUnread();
    } else if (stream.writableNeedDrain) {
      // The peer does not take what there is, so it would not get trailers either.
      stream.close(constants.NGHTTP2_CANCEL);
    } else {
      this.#end(trailersFromError(error));
    }
  }

  async *#requests(): AsyncGenerator<object> {
    const reader = new EnvelopeReader(this.#maxBytes);
    for await (const chunk of readChunks(this.stream)) {
      reader.push(chunk);
      for (let envelope = reader.next(); envelope; envelope = reader.next()) {
        this.requestIsCompressed = envelope.flags === 1;
        if (envelope.flags === 1) {
          await this.#roomFor(decompressedBytes(envelope.body.length, this.#maxBytes));
        }
        const bytes = await readEnvelope(envelope, this.#encoding, this.#maxBytes);
        this.requestBytes += bytes.length;
        const message = this.#decode(bytes);
        // From here on it is the handler's: what handlers keep of a stream is not held against the next call on the connection.
        this.#room.handedOver();
        yield message;
      }
      await this.#arrived(reader, chunk.length);
    }
    if (reader.heldBytes > 0) {
      throw incomplete(reader.heldBytes);
    }
  }

  // Part of a message is here: the rest stays in the stream's window until there is room for all of it.
  async #arrived(reader: EnvelopeReader, bytes: number): Promise<void> {
    if (reader.heldBytes === 0) {
      return;
    }
    const refusal = this.#room.arrived(Math.min(bytes, reader.heldBytes));
    if (refusal) {
      throw refusal;
    }
    if (!this.#room.isTaken && reader.announcedBytes > 0) {
      await this.#roomFor(reader.announcedBytes);
    }
  }

  async #roomFor(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#room.take(bytes, resolve)) {
      const refusal = this.#room.hold(Math.min(bytes, streamWindowBytes));
      if (refusal) {
        throw refusal;
      }
      this.#closed = resolve;
      await promise;
      this.#room.unhold();
    }
  }

  async #onlyRequest(): Promise<object> {
    let request: object | undefined;
    this.#waitsForRequest = true;
    try {
      for await (const message of this.#requests()) {
        if (request) {
          throw new RpcError(Code.Unimplemented, `${this.method} takes one request, more came`);
        }
        request = message;
      }
    } finally {
      this.#waitsForRequest = false;
    }
    if (!request) {
      throw incomplete(0);
    }
    return request;
  }

  #decode(bytes: Buffer): object {
    try {
      return this.#served.request.decode(bytes, 0, bytes.length);
    } catch (cause) {
      throw badRequest(this.#served, cause);
    }
  }

  async #send(fields: object): Promise<void> {
    const { stream } = this;
    let envelope = encodeEnvelope(this.#served, fields, this.#maxBytes);
    const bytes = envelope.length - 5;
    if (this.givenReply?.compress && this.#takesGzip) {
      envelope = compressedEnvelope(await gzipMessage(envelope.subarray(5)));
    }
    if (stream.destroyed || stream.closed || stream.writableEnded) {
      return;
    }
    this.#begin();
    this.#sentBytes += bytes;
    if (!stream.write(envelope)) {
      // A closed stream drains no more; the call is then abandoned, which ends the handler's stream.
      await Promise.race([once(stream, "drain"), once(stream, "close")]);
    }
  }

  #begin(): void {
    const { stream } = this;
    if (stream.headersSent) {
      return;
    }
    const headers: Record<string, string | number> = {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-accept-encoding": acceptedEncodings,
    };
    if (this.#takesGzip) {
      headers["grpc-encoding"] = "gzip";
    }
    if (this.givenReply) {
      addMetadata(this.givenReply.metadata, (name, value) => {
        headers[name] = value;
      });
    }
    stream.respond(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      stream.sendTrailers(this.#trailers);
      this.#closeUnread();
    });
  }

  #end(trailers: Record<string, string>): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed || stream.writableEnded) {
      return;
    }
    this.#begin();
    this.#trailers = trailers;
    if (this.givenReply) {
      addMetadata(this.givenReply.trailers, (name, value) => {
        this.#trailers[name] = value;
      });
    }
    stream.end();
  }

  // A handler may answer before it has read everything; then nothing of the rest is wanted.
  #closeUnread(): void {
    const { stream } = this;
    if (!stream.readableEnded) {
      setImmediate(() => {
        if (!stream.closed) {
          stream.close(constants.NGHTTP2_NO_ERROR);
        }
      });
    }
  }
}
