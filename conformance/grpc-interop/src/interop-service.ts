import { type CallContext, Code, MethodTable, RpcError, type ServiceImplementation } from "@msec/rpc";
import { type Payload, type ResponseParameters, TestService } from "../gen/interop_pb.js";

const initialKey = "x-grpc-test-echo-initial";
const trailingKey = "x-grpc-test-echo-trailing-bin";

/** A table with the service that interop's descriptions demand of a server. */
export function interopMethods(): MethodTable {
  return new MethodTable().add(TestService, handlers);
}

const handlers: ServiceImplementation<typeof TestService> = {
  emptyCall(_request, context) {
    echoMetadata(context);
    return {};
  },
  unaryCall(request, context) {
    echoMetadata(context);
    checkCompressed(request.expectCompressed?.value, context);
    throwStatus(request.responseStatus);
    context.reply.compress = request.responseCompressed?.value ?? false;
    return { payload: payload(request.responseSize) };
  },
  async *streamingOutputCall(request, context) {
    echoMetadata(context);
    yield* responses(request.responseParameters, context);
    throwStatus(request.responseStatus);
  },
  async streamingInputCall(requests, context) {
    echoMetadata(context);
    let aggregatedPayloadSize = 0;
    for await (const request of requests) {
      checkCompressed(request.expectCompressed?.value, context);
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    }
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const request of requests) {
      throwStatus(request.responseStatus);
      yield* responses(request.responseParameters, context);
    }
  },
};

async function* responses(parameters: readonly ResponseParameters[], context: CallContext) {
  for (const { size, intervalUs, compressed } of parameters) {
    if (intervalUs > 0) {
      await new Promise((resolve) => setTimeout(resolve, intervalUs / 1000));
    }
    context.reply.compress = compressed?.value ?? false;
    yield { payload: payload(size) };
  }
}

function payload(size: number): Pick<Payload, "body"> {
  return { body: new Uint8Array(size) };
}

function echoMetadata({ metadata, reply }: CallContext): void {
  if (metadata[initialKey] !== undefined) {
    reply.metadata[initialKey] = metadata[initialKey];
  }
  if (metadata[trailingKey] !== undefined) {
    reply.trailers[trailingKey] = metadata[trailingKey];
  }
}

function throwStatus(status: { code: number; message: string } | undefined): void {
  if (status && status.code !== 0) {
    throw new RpcError(status.code as Code, status.message);
  }
}

// What interop calls the probe: a server that cannot tell how a message came must not claim to support compression.
function checkCompressed(expected: boolean | undefined, context: CallContext): void {
  const { requestIsCompressed } = context as { requestIsCompressed?: boolean };
  if (expected !== undefined && expected !== requestIsCompressed) {
    throw new RpcError(Code.InvalidArgument, `the message was to come ${expected ? "" : "un"}compressed`);
  }
}
