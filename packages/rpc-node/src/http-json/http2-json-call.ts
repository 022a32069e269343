import type { ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, codeName, type RpcError, retFromError, type ServedMethod } from "@msec/rpc";
import { compileJsonCodec } from "@msec/wire";
import { BodyWebCall } from "../http2/body-web-call.ts";
import { type ArrivedHeaders, WebCall } from "../http2/web-call.ts";
import { parseRequest } from "./parse-request.ts";

/**
 * One request of HTTP+JSON in the original's shape that came over HTTP/2: what browsers and curl speak wherever there is TLS.
 *
 * The same as `HttpCall`, which is closer to Node's HTTP/1.1 because that is where the load is.
 */
export class Http2JsonCall extends BodyWebCall {
  // This protocol has none.
  override get metadata(): Readonly<Record<string, string>> {
    return noMetadata;
  }

  respond(fields: object): number {
    const result = compileJsonCodec(this.served.desc.output).write(fields);
    const bytes = sendJson(this, this.response, Code.Ok, `{"ret":0, "errmsg":"", "resultObj": ${result}}`);
    this.room.answered(bytes);
    return bytes;
  }

  respondError(error: RpcError): void {
    this.room.end();
    sendError(this, this.response, error);
  }

  protected messageFrom(bytes: Buffer): unknown {
    return parseRequest(this.served as ServedMethod, bytes);
  }
}

/** Such a request that is refused for its URL: it names no method, or a time that is none. */
export class RefusedHttp2JsonCall extends WebCall {
  readonly #response: ServerResponse;

  constructor(arrived: ArrivedHeaders, request: Http2ServerRequest, response: ServerResponse) {
    super(arrived);
    this.#response = response;
    request.resume();
  }

  respond(): number {
    throw new TypeError("there is no handler to answer");
  }

  respondError(error: RpcError): void {
    sendError(this, this.#response, error);
  }
}

const noMetadata: Readonly<Record<string, string>> = Object.freeze({});

function sendError(call: WebCall, response: ServerResponse, error: RpcError): void {
  sendJson(call, response, error.code, `{"ret":${retFromError(error)}, "errmsg":${JSON.stringify(error.message)}}`);
}

function sendJson(call: WebCall, response: ServerResponse, code: Code, body: string): number {
  const bytes = Buffer.byteLength(body);
  if (!response.destroyed && !response.headersSent) {
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "content-length": bytes,
      "msec-request-id": call.requestId,
      ...(code === Code.Ok ? {} : { "msec-code": codeName(code) }),
    });
    response.end(body);
  }
  return bytes;
}
