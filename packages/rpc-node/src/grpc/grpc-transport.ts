import { ConnectError } from "@connectrpc/connect";
import { compressionGzip, createGrpcTransport } from "@connectrpc/connect-node";
import { Code, RpcError } from "@msec/rpc";
import { rpcErrorFromConnect } from "../connect/connect-error.ts";
import type { GrpcChannelOptions } from "./create-grpc-channel.ts";
import { GrpcConnectionError, GrpcConnections } from "./grpc-connections.ts";
import type { MadeGrpcCall } from "./made-grpc-call.ts";

/** What of a gRPC channel stands on connect-es and HTTP/2: 12 MB of code, which a program that never calls gRPC does not load. */
export interface GrpcTransport {
  readonly unary: ReturnType<typeof createGrpcTransport>["unary"];
  readonly stream: ReturnType<typeof createGrpcTransport>["stream"];
  /** What a call threw, as ours; what came beside it is told to the caller. */
  errorOf(made: MadeGrpcCall, thrown: unknown): RpcError;
  /** Close the connection; calls that run fail. */
  close(): void;
}

/** The transport of a channel. Connects at the first call. */
export function openGrpcTransport(
  where: { readonly host: string; readonly port: number },
  address: string,
  options: GrpcChannelOptions,
): GrpcTransport {
  const connections = new GrpcConnections(where, address, options.tls, options.connectTimeoutMs ?? 3_000);
  const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
  const { compressMinBytes } = options;
  const { unary, stream } = createGrpcTransport({
    baseUrl: connections.authority,
    sessionManager: connections,
    readMaxBytes: maxBytes,
    writeMaxBytes: maxBytes,
    ...(compressMinBytes === undefined ? {} : { sendCompression: compressionGzip, compressMinBytes }),
  });
  return { unary, stream, errorOf, close: () => connections.close() };
}

function errorOf(made: MadeGrpcCall, thrown: unknown): RpcError {
  if (thrown instanceof ConnectError) {
    made.replied(thrown.metadata);
  }
  // What our own connecting threw, connect-es wraps and calls Internal.
  const cause = (thrown as { cause?: unknown } | undefined)?.cause;
  if (cause instanceof GrpcConnectionError) {
    return cause;
  }
  const error = rpcErrorFromConnect(thrown);
  // Node resets the streams of a connection that ends with CANCEL, and connect-es calls a broken socket Aborted: neither the caller nor the server said so.
  const isOfServer = thrown instanceof ConnectError && thrown.metadata.has("grpc-status");
  const isCut = error.code === Code.Canceled || error.code === Code.Aborted;
  if (isCut && !isOfServer && !(thrown instanceof RpcError) && !made.signal?.aborted) {
    return new RpcError(Code.Unavailable, `${made.address}: the other end closed the connection or the call`, {
      cause: error,
    });
  }
  return error;
}
