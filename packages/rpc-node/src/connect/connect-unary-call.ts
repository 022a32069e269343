import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { Code, RpcError, type ServedMethod } from "@msec/rpc";
import { compileJsonCodec } from "@msec/wire";
import { encodeEnvelope } from "../grpc/encode-envelope.ts";
import { acceptsGzip, gzipMessage } from "../grpc/grpc-compression.ts";
import { parseJson } from "../http-json/json-text.ts";
import { addMetadata, firstHeader } from "../http2/header-metadata.ts";
import { streamWindowBytes } from "../http2/http2-connection.ts";
import type { Http2Shared } from "../http2/http2-exchange.ts";
import { UnaryWebCall } from "../http2/unary-web-call.ts";
import type { ArrivedHeaders } from "../http2/web-call.ts";
import { connectJsonFromError, statusFromCode } from "./connect-json-error.ts";

/** So much of a body that does not say how long it is may come before there must be room for the largest. */
const unannouncedBytes = 64 * 1024;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How the body of a unary Connect call is written. */
export type ConnectFormat = "proto" | "json";

/** The format that a content type names, if it is one of unary Connect's own. */
export function connectFormat(contentType: string | undefined): ConnectFormat | undefined {
  switch (contentType) {
    case "application/proto":
      return "proto";
    case "application/json":
    case "application/json; charset=utf-8":
    case "application/json;charset=utf-8":
      return "json";
    default:
      return undefined;
  }
}

/**
 * One unary Connect call, over HTTP/1.1 or HTTP/2: the body is the message, the answer's status and body are the result.
 *
 * A path of our own beside connect-node's for the reason that gRPC has one: the protocol is so small that fetch's objects and the
 * async iterators cost more than all the rest.
 */
export class ConnectUnaryCall extends UnaryWebCall {
  readonly #request: IncomingMessage | Http2ServerRequest;
  readonly #response: ServerResponse;
  readonly #format: ConnectFormat;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    arrived: ArrivedHeaders,
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse,
    method: ServedMethod,
    format: ConnectFormat,
    shared: Http2Shared,
  ) {
    super(arrived, method, shared);
    this.#request = request;
    this.#response = response;
    this.#format = format;
  }

  /** Read the request, then run the handler. */
  read(): void {
    const request = this.#request;
    this.#response.on("close", () => this.closed());
    const bytes = Number(request.headers["content-length"] ?? 0);
    const refusal = bytes > this.maxBytes ? this.#tooLarge() : this.calls.stopping ? this.calls.admit(this) : undefined;
    if (refusal) {
      this.calls.refuse(this, refusal);
      return;
    }
    request.on("end", () => this.#onEnd());
    const onData = (chunk: Buffer) => this.#onData(chunk);
    if (bytes === 0) {
      request.on("data", onData);
      return;
    }
    this.#takeRoom(bytes, () => request.on("data", onData));
  }

  respond(fields: object): number {
    const envelope = encodeEnvelope(this.served, fields, this.maxBytes);
    const bytes = envelope.length - 5;
    const body = this.#format === "proto" ? envelope.subarray(5) : this.#json(fields);
    if (this.givenReply?.compress && acceptsGzip(firstHeader(this.#request.headers, "accept-encoding"))) {
      void gzipMessage(body).then((compressed) => this.#send(200, this.#format, compressed, "gzip"));
    } else {
      this.#send(200, this.#format, body, undefined);
    }
    return bytes;
  }

  respondError(error: RpcError): void {
    this.room.end();
    if (this.awaitsMore && this.#request.httpVersionMajor === 1 && !this.#response.headersSent) {
      // The rest of the body is unread, so nothing can follow on this connection.
      this.#response.setHeader("connection", "close");
    }
    this.#send(statusFromCode(error.code), "json", Buffer.from(connectJsonFromError(error)), undefined);
  }

  #onData(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.settled) {
      return;
    }
    this.waitingSinceMs = this.reads.startMs();
    const refusal = this.room.arrived(chunk.length);
    if (refusal) {
      this.#chunks = [];
      this.calls.refuse(this, refusal);
      return;
    }
    if (this.#bytes > this.maxBytes) {
      this.#chunks = [];
      this.calls.refuse(this, this.#tooLarge());
      return;
    }
    this.#chunks.push(chunk);
    if (this.#chunks.length > 1_024) {
      // A body in tiny pieces: a Buffer object for each takes far more than its bytes.
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    if (this.#bytes > unannouncedBytes && !this.room.isTaken && !this.room.isWaiting) {
      this.#request.pause();
      this.#takeRoom(this.maxBytes, () => this.#request.resume());
    }
  }

  // What does not fit stays unread: in the stream's window, or in the connection.
  #takeRoom(bytes: number, read: () => void): void {
    const room = this.room;
    let waited = false;
    waited = !room.take(bytes, () => {
      if (waited) {
        room.unhold();
        this.comesSinceMs = performance.now();
      }
      read();
    });
    const refusal = waited ? room.hold(Math.min(bytes, streamWindowBytes)) : undefined;
    if (refusal) {
      this.calls.refuse(this, refusal);
    }
  }

  #onEnd(): void {
    this.awaitsMore = false;
    if (this.settled) {
      return;
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    const encoding = firstHeader(this.#request.headers, "content-encoding");
    if (encoding === "gzip") {
      this.runCompressed({ flags: 1, body }, encoding);
    } else {
      this.run(body);
    }
  }

  protected messageFrom(bytes: Buffer): unknown {
    return this.#format === "proto" ? this.served.request.decode(bytes, 0, bytes.length) : this.#messageFromJson(bytes);
  }

  #messageFromJson(bytes: Buffer): unknown {
    const text = utf8.decode(bytes);
    const parsed = parseJson(text);
    if ("fault" in parsed) {
      throw new RpcError(Code.InvalidArgument, `the body cannot be read: ${parsed.fault}`);
    }
    return compileJsonCodec(this.served.desc.input).read(parsed.value);
  }

  #json(fields: object): Buffer {
    const { output } = this.served.desc;
    const message = create(output, fields as MessageInitShape<DescMessage>);
    return Buffer.from(JSON.stringify(toJson(output, message)));
  }

  #tooLarge(): RpcError {
    return new RpcError(Code.ResourceExhausted, `the body is larger than frames.maxBytes ${this.maxBytes}`, {
      details: { notExecuted: true },
    });
  }

  #send(status: number, format: ConnectFormat, body: Buffer, encoding: string | undefined): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) {
      return;
    }
    const headers: Record<string, string | number> = {
      "content-type": format === "proto" ? "application/proto" : "application/json",
      "content-length": body.length,
    };
    if (encoding) {
      headers["content-encoding"] = encoding;
    }
    const reply = this.givenReply;
    if (reply) {
      addMetadata(reply.metadata, (name, value) => {
        headers[name] = value;
      });
      addMetadata(reply.trailers, (name, value) => {
        headers[`trailer-${name}`] = value;
      });
    }
    response.writeHead(status, headers);
    response.end(body);
    this.room.answered(body.length);
  }
}
