import type { ServerHttp2Stream } from "node:http2";
import type { Reply, RpcError } from "@msec/rpc";
import { addMetadata } from "../http2/header-metadata.ts";
import { acceptedEncodings } from "./grpc-compression.ts";
import { trailersFromError } from "./grpc-status.ts";

/** Answer a call that has no response yet with an error: gRPC's "trailers only", everything in one block of headers. */
export function respondGrpcError(stream: ServerHttp2Stream, error: RpcError, reply: Reply | undefined): void {
  if (stream.destroyed || stream.closed || stream.headersSent) {
    return;
  }
  const headers: Record<string, string | number> = {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-accept-encoding": acceptedEncodings,
  };
  if (reply) {
    const set = (name: string, value: string) => {
      headers[name] = value;
    };
    addMetadata(reply.metadata, set);
    addMetadata(reply.trailers, set);
  }
  stream.respond(Object.assign(headers, trailersFromError(error)), { endStream: true });
}
