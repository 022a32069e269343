import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import {
  type ArrivedCall,
  Code,
  codeName,
  type RpcError,
  retFromError,
  ServedCall,
  type ServedMethod,
} from "@msec/rpc";

/** One request that came as HTTP+JSON in the original's shape. The HTTP status is always 200: what happened is in `ret`. */
export class HttpCall extends ServedCall {
  readonly #response: ServerResponse;
  readonly #method: ServedMethod | undefined;
  readonly #stalledMs: number;
  readonly #finished: (call: HttpCall) => void;

  constructor(
    arrived: ArrivedCall,
    response: ServerResponse,
    method: ServedMethod | undefined,
    stalledMs: number,
    finished: (call: HttpCall) => void,
  ) {
    super(arrived);
    this.#response = response;
    this.#method = method;
    this.#stalledMs = stalledMs;
    this.#finished = finished;
  }

  respond(fields: object): number {
    const { output } = this.#method!.desc;
    // Field names as the interface file spells them, and fields at their default too: that is what the original's callers read.
    const result = toJson(output, create(output, fields as MessageInitShape<DescMessage>), {
      alwaysEmitImplicit: true,
      useProtoFieldName: true,
    });
    const body = Buffer.from(`{"ret":0, "errmsg":"", "resultObj": ${JSON.stringify(result)}}`);
    this.#send(Code.Ok, body);
    return body.length;
  }

  respondError(error: RpcError): void {
    const body = Buffer.from(`{"ret":${retFromError(error)}, "errmsg":${JSON.stringify(error.message)}}`);
    this.#send(error.code, body);
  }

  #send(code: Code, body: Buffer): void {
    const response = this.#response;
    this.#finished(this);
    if (response.destroyed || response.headersSent) {
      return;
    }
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "content-length": body.length,
      "msec-request-id": this.requestId,
      "msec-code": codeName(code),
    });
    response.end(body);
    if (!response.writableFinished) {
      this.#watchUnread();
    }
  }

  // Until the answer is out, the socket has no time-out of Node's. One of several that are pipelined has no socket until its turn comes.
  #watchUnread(): void {
    const response = this.#response;
    const watch = (socket: Socket) => {
      socket.setTimeout(this.#stalledMs);
      // Before Node's own listener, which sets the keep-alive time-out, or none while the next request runs.
      response.prependOnceListener("finish", () => socket.setTimeout(0));
    };
    if (response.socket) {
      watch(response.socket);
    } else {
      response.once("socket", watch);
    }
  }
}
