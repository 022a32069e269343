import { constants, type ServerHttp2Stream } from "node:http2";
import type { RpcError } from "@msec/rpc";
import type { Http2Exchange } from "../http2/http2-exchange.ts";
import { type ArrivedHeaders, WebCall } from "../http2/web-call.ts";
import { respondGrpcError } from "./grpc-response.ts";

/** A gRPC call to a method that does not exist. */
export class RefusedGrpcCall extends WebCall implements Http2Exchange {
  readonly stream: ServerHttp2Stream;
  readonly isIncomplete = false;
  readonly comesSinceMs: number;

  constructor(arrived: ArrivedHeaders, stream: ServerHttp2Stream) {
    super(arrived);
    this.stream = stream;
    this.comesSinceMs = this.receivedMs;
  }

  respond(): number {
    throw new TypeError("there is no handler to answer");
  }

  respondError(error: RpcError): void {
    respondGrpcError(this.stream, error, undefined);
    if (!this.stream.readableEnded) {
      this.stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }
}
