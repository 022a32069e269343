import { constants, type ServerHttp2Stream } from "node:http2";
import { Code, RpcError, rpcErrorFromUnknown, type ServedMethod } from "@msec/rpc";
import { addMetadata, firstHeader } from "../http2/header-metadata.ts";
import { streamWindowBytes } from "../http2/http2-connection.ts";
import type { Http2Exchange, Http2Shared } from "../http2/http2-exchange.ts";
import { UnaryWebCall } from "../http2/unary-web-call.ts";
import type { ArrivedHeaders } from "../http2/web-call.ts";
import { compressedEnvelope, encodeEnvelope } from "./encode-envelope.ts";
import { type Envelope, EnvelopeReader } from "./envelope-reader.ts";
import { acceptedEncodings, acceptsGzip, gzipMessage } from "./grpc-compression.ts";
import { respondGrpcError } from "./grpc-response.ts";

const okTrailers = { "grpc-status": "0" };

/**
 * One unary gRPC call on an HTTP/2 stream.
 *
 * A path of our own beside connect-node's, because that one turns each request into fetch's Headers, AbortSignals and a chain of
 * async iterators; here it is one object, three listeners and the compiled codecs.
 */
export class GrpcUnaryCall extends UnaryWebCall implements Http2Exchange {
  readonly stream: ServerHttp2Stream;
  /** Whether the request came compressed. */
  requestIsCompressed = false;
  readonly #encoding: string;
  readonly #takesGzip: boolean;
  #reader: EnvelopeReader | undefined;
  #envelope: Envelope | undefined;

  constructor(arrived: ArrivedHeaders, stream: ServerHttp2Stream, method: ServedMethod, shared: Http2Shared) {
    super(arrived, method, shared);
    this.stream = stream;
    this.#encoding = firstHeader(arrived.headers, "grpc-encoding");
    this.#takesGzip = acceptsGzip(firstHeader(arrived.headers, "grpc-accept-encoding"));
  }

  /** Read the request, then run the handler. */
  read(): void {
    const { stream } = this;
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("end", () => this.#onEnd());
    stream.on("close", () => this.closed());
  }

  respond(fields: object): number {
    const envelope = encodeEnvelope(this.served, fields, this.maxBytes);
    if (this.givenReply?.compress && this.#takesGzip) {
      void this.#sendCompressed(envelope.subarray(5));
    } else {
      this.#send(envelope, undefined);
    }
    return envelope.length - 5;
  }

  respondError(error: RpcError): void {
    this.awaitsMore = false;
    this.room.end();
    const { stream } = this;
    respondGrpcError(stream, error, this.givenReply);
    if (!stream.readableEnded && !stream.closed) {
      // The rest of the request is not wanted.
      stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }

  #onData(chunk: Buffer): void {
    if (this.settled) {
      return;
    }
    this.waitingSinceMs = this.reads.startMs();
    const refusal = this.room.arrived(chunk.length);
    if (refusal) {
      this.calls.refuse(this, refusal);
      return;
    }
    try {
      this.#reader ??= new EnvelopeReader(this.maxBytes);
      this.#reader.push(chunk);
      this.#envelope ??= this.#reader.next();
      if (this.#envelope && this.#reader.heldBytes > 0) {
        throw new RpcError(Code.Unimplemented, `${this.method} takes one request, more came`);
      }
      if (!this.#envelope) {
        this.#takeRoom(this.#reader.announcedBytes);
      }
    } catch (thrown) {
      this.calls.refuse(this, rpcErrorFromUnknown(thrown));
    }
  }

  // A message that does not come at once waits in the stream's window until there is room for all of it.
  #takeRoom(bytes: number): void {
    const { stream } = this;
    const room = this.room;
    if (bytes === 0 || room.isTaken || room.isWaiting) {
      return;
    }
    const isBegun = room.take(bytes, () => {
      if (stream.isPaused()) {
        room.unhold();
        this.comesSinceMs = performance.now();
        stream.resume();
      }
    });
    if (!isBegun) {
      stream.pause();
      const refusal = room.hold(Math.min(bytes, streamWindowBytes));
      if (refusal) {
        this.calls.refuse(this, refusal);
      }
    }
  }

  #onEnd(): void {
    this.awaitsMore = false;
    // Node ends the readable side of a stream that was reset as if all had come; `close` follows.
    if (this.settled || this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      return;
    }
    if (!this.#envelope || this.#reader!.heldBytes > 0) {
      this.calls.refuse(this, incomplete(this.#reader?.heldBytes ?? 0));
      return;
    }
    const envelope = this.#envelope;
    this.requestIsCompressed = envelope.flags === 1;
    if (envelope.flags === 0) {
      this.run(envelope.body);
    } else {
      this.runCompressed(envelope, this.#encoding);
    }
  }

  protected messageFrom(bytes: Buffer): unknown {
    return this.served.request.decode(bytes, 0, bytes.length);
  }

  async #sendCompressed(body: Buffer): Promise<void> {
    this.#send(compressedEnvelope(await gzipMessage(body)), "gzip");
  }

  #send(envelope: Buffer, encoding: string | undefined): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed) {
      return;
    }
    const headers: Record<string, string | number> = { ":status": 200, "content-type": "application/grpc" };
    headers["grpc-accept-encoding"] = acceptedEncodings;
    if (encoding) {
      headers["grpc-encoding"] = encoding;
    }
    let trailers: Record<string, string> = okTrailers;
    const reply = this.givenReply;
    if (reply) {
      addMetadata(reply.metadata, (name, value) => {
        headers[name] = value;
      });
      trailers = { ...okTrailers };
      addMetadata(reply.trailers, (name, value) => {
        trailers[name] = value;
      });
    }
    stream.respond(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(envelope);
    this.room.answered(envelope.length);
  }
}

/** The request ended too early. */
export function incomplete(heldBytes: number): RpcError {
  return heldBytes === 0
    ? new RpcError(Code.Unimplemented, "the call takes one request, none came")
    : new RpcError(Code.InvalidArgument, `the request ended inside a message, after ${heldBytes} bytes of it`);
}
