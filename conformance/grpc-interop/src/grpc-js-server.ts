import { create, type DescMethod, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import grpc from "@grpc/grpc-js";
import type {
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "../gen/interop_pb.js";
import { TestService } from "../gen/interop_pb.js";

const initialKey = "x-grpc-test-echo-initial";
const trailingKey = "x-grpc-test-echo-trailing-bin";

/** Interop's service on a server of `@grpc/grpc-js`; closes itself. */
export interface GrpcJsServer extends Disposable {
  readonly port: number;
}

/** Serve it on a free port of the loopback. */
export async function startGrpcJsServer(): Promise<GrpcJsServer> {
  const server = new grpc.Server();
  const methods = ["emptyCall", "unaryCall", "streamingOutputCall", "streamingInputCall", "fullDuplexCall"] as const;
  server.addService(
    Object.fromEntries(methods.map((name) => [name, definition(TestService.method[name])])),
    handlers as grpc.UntypedServiceImplementation,
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { port: await promise, [Symbol.dispose]: () => server.forceShutdown() };
}

function definition(method: DescMethod): grpc.MethodDefinition<object, object> {
  const { input, output, methodKind } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: (message) =>
      Buffer.from(toBinary(input, create(input, message as MessageInitShape<typeof input>))),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) =>
      Buffer.from(toBinary(output, create(output, message as MessageInitShape<typeof output>))),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

const payload = (size: number) => ({ payload: { body: new Uint8Array(size) } });

/** Answers with the metadata that the caller wants back. @returns what belongs into the trailers */
function echoMetadata(call: {
  readonly metadata: grpc.Metadata;
  sendMetadata(metadata: grpc.Metadata): void;
}): grpc.Metadata {
  const [initial, trailers] = [new grpc.Metadata(), new grpc.Metadata()];
  for (const value of call.metadata.get(initialKey)) {
    initial.set(initialKey, value);
  }
  for (const value of call.metadata.get(trailingKey)) {
    trailers.set(trailingKey, value);
  }
  call.sendMetadata(initial);
  return trailers;
}

const handlers = {
  emptyCall(_call: unknown, done: grpc.sendUnaryData<object>) {
    done(null, {});
  },
  unaryCall(call: grpc.ServerUnaryCall<SimpleRequest, SimpleResponse>, done: grpc.sendUnaryData<object>) {
    const { responseStatus: status, responseSize } = call.request;
    const trailers = echoMetadata(call);
    if (status) {
      done({ code: status.code, details: status.message });
    } else {
      done(null, payload(responseSize), trailers);
    }
  },
  streamingOutputCall(call: grpc.ServerWritableStream<StreamingOutputCallRequest, StreamingOutputCallResponse>) {
    for (const { size } of call.request.responseParameters) {
      call.write(payload(size) as StreamingOutputCallResponse);
    }
    call.end();
  },
  streamingInputCall(
    call: grpc.ServerReadableStream<StreamingInputCallRequest, StreamingInputCallResponse>,
    done: grpc.sendUnaryData<object>,
  ) {
    let aggregatedPayloadSize = 0;
    call.on("data", (request: StreamingInputCallRequest) => {
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    });
    call.on("end", () => done(null, { aggregatedPayloadSize }));
  },
  fullDuplexCall(call: grpc.ServerDuplexStream<StreamingOutputCallRequest, StreamingOutputCallResponse>) {
    const trailers = echoMetadata(call);
    call.on("data", ({ responseStatus: status, responseParameters }: StreamingOutputCallRequest) => {
      if (status) {
        call.emit("error", { code: status.code, details: status.message });
        return;
      }
      for (const { size } of responseParameters) {
        call.write(payload(size) as StreamingOutputCallResponse);
      }
    });
    call.on("end", () => call.end(trailers));
  },
};
