import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { Code, RpcError, type ServedMethod } from "@msec/rpc";
import { compileJsonCodec } from "@msec/wire";
import { encodeEnvelope } from "../grpc/encode-envelope.ts";
import { acceptsGzip, gzipMessage } from "../grpc/grpc-compression.ts";
import { parseJson } from "../http-json/json-text.ts";
import { BodyWebCall } from "../http2/body-web-call.ts";
import { addMetadata, firstHeader } from "../http2/header-metadata.ts";
import type { Http2Shared } from "../http2/http2-exchange.ts";
import type { ArrivedHeaders } from "../http2/web-call.ts";
import { connectJsonFromError, statusFromCode } from "./connect-json-error.ts";

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
export class ConnectUnaryCall extends BodyWebCall {
  readonly #format: ConnectFormat;

  constructor(
    arrived: ArrivedHeaders,
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse,
    method: ServedMethod,
    format: ConnectFormat,
    shared: Http2Shared,
  ) {
    super(arrived, request, response, method, shared);
    this.#format = format;
  }

  respond(fields: object): number {
    const envelope = encodeEnvelope(this.served, fields, this.maxBytes);
    const bytes = envelope.length - 5;
    const body = this.#format === "proto" ? envelope.subarray(5) : this.#json(fields);
    if (this.givenReply?.compress && acceptsGzip(firstHeader(this.request.headers, "accept-encoding"))) {
      void gzipMessage(body).then((compressed) => this.#send(200, this.#format, compressed, "gzip"));
    } else {
      this.#send(200, this.#format, body, undefined);
    }
    return bytes;
  }

  respondError(error: RpcError): void {
    this.room.end();
    if (this.awaitsMore && this.request.httpVersionMajor === 1 && !this.response.headersSent) {
      // The rest of the body is unread, so nothing can follow on this connection.
      this.response.setHeader("connection", "close");
    }
    this.#send(statusFromCode(error.code), "json", Buffer.from(connectJsonFromError(error)), undefined);
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
    return compileJsonCodec(this.served.desc.input).read(parsed.value, text);
  }

  #json(fields: object): Buffer {
    const { output } = this.served.desc;
    const message = create(output, fields as MessageInitShape<DescMessage>);
    return Buffer.from(JSON.stringify(toJson(output, message)));
  }

  #send(status: number, format: ConnectFormat, body: Buffer, encoding: string | undefined): void {
    const response = this.response;
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
