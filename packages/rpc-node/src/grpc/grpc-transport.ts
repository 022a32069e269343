import { AsyncLocalStorage } from "node:async_hooks";
import { ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-grpc";
import { compressionBrotli, compressionGzip, createNodeHttpClient } from "@connectrpc/connect-node";
import { Code, RpcError } from "@msec/rpc";
import { rpcErrorFromConnect } from "../connect/connect-error.ts";
import type { GrpcChannelOptions } from "./create-grpc-channel.ts";
import { GrpcConnectionError, GrpcConnections } from "./grpc-connections.ts";
import type { MadeGrpcCall } from "./made-grpc-call.ts";

type Transport = ReturnType<typeof createTransport>;

/** What of a gRPC channel stands on connect-es and HTTP/2: 12 MB of code, which a program that never calls gRPC does not load. */
export interface GrpcTransport {
  readonly unary: Transport["unary"];
  readonly stream: Transport["stream"];
  /** Begin a call, so that what goes over the wire for it is counted as its. */
  count<Begun>(made: MadeGrpcCall, begin: () => Begun): Begun;
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
  const calls = new AsyncLocalStorage<MadeGrpcCall>();
  const http = createNodeHttpClient({ httpVersion: "2", sessionProvider: () => connections });
  // As `createGrpcTransport` of connect-node does it, with a client of HTTP that counts.
  const { unary, stream } = createTransport({
    baseUrl: connections.authority,
    httpClient: countingClient(http, calls),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [compressionGzip, compressionBrotli],
    // Ours to do, request by request: see `RequestCompression`.
    sendCompression: null,
    compressMinBytes: 1_024,
    readMaxBytes: maxBytes,
    writeMaxBytes: maxBytes,
  });
  return {
    unary,
    stream,
    errorOf: (made, thrown) => errorOf(made, thrown, connections),
    count: (made, begin) => calls.run(made, begin),
    close: () => connections.close(),
  };
}

/** A client of HTTP that compresses requests, and tells each call of the bytes of its bodies: connect-es encodes, and tells no sizes. */
function countingClient(http: UniversalClientFn, calls: AsyncLocalStorage<MadeGrpcCall>): UniversalClientFn {
  return async (request) => {
    const made = calls.getStore();
    if (made === undefined) return await http(request);
    const { compression } = made;
    let { body } = request;
    if (body !== undefined) {
      if (compression !== undefined) {
        request.header.set("grpc-encoding", "gzip");
        body = compression.compress(body);
      }
      body = counted(body, (n) => made.sent(n));
    }
    const answer = await http(body === undefined ? request : { ...request, body });
    return { ...answer, body: counted(answer.body, (n) => made.received(n)) };
  };
}

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length);
    yield chunk;
  }
}

function errorOf(made: MadeGrpcCall, thrown: unknown, connections: GrpcConnections): RpcError {
  if (thrown instanceof ConnectError) {
    made.replied(thrown.metadata);
  }
  // What our own connecting threw, connect-es wraps and calls Internal.
  const cause = (thrown as { cause?: unknown } | undefined)?.cause;
  if (cause instanceof GrpcConnectionError) {
    return cause;
  }
  const { lastWords } = connections;
  if (lastWords !== undefined && causeCode(cause) === "ERR_HTTP2_SESSION_ERROR") {
    const { code, message, details } = lastWords;
    return new RpcError(code, message, { cause: thrown, details });
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

function causeCode(cause: unknown): unknown {
  return (cause as { code?: unknown } | undefined)?.code;
}
