import type { DescMessage, DescMethod, DescMethodUnary, DescService, MessageShape } from "@bufbuild/protobuf";
import { type CallOptions, Code, type MessageFields, RpcError, type UnaryCall } from "@msec/rpc";

/** Requests of a streaming call: an `async function*`, a list, a readable stream of objects. Read as the server takes them. */
export type GrpcRequests<I extends DescMessage> = AsyncIterable<MessageFields<I>> | Iterable<MessageFields<I>>;

/**
 * One streaming call of any kind. It begins when the first answer is asked for; to stop taking answers (`break`) gives it up.
 *
 * @throws RpcError from the iterator, as `GrpcChannel.call` does; Internal where `requests` threw (its own RpcError is passed on)
 */
export type GrpcStreamCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
  requests: GrpcRequests<I>,
  options?: CallOptions,
) => AsyncGenerator<MessageShape<O>, void, undefined>;

/** The function that calls a method of a kind. */
type CallOf<Kind, I extends DescMessage, O extends DescMessage> = Kind extends "unary"
  ? (request: MessageFields<I>, options?: CallOptions) => Promise<MessageShape<O>>
  : Kind extends "server_streaming"
    ? (request: MessageFields<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, undefined>
    : Kind extends "client_streaming"
      ? (requests: GrpcRequests<I>, options?: CallOptions) => Promise<MessageShape<O>>
      : Kind extends "bidi_streaming"
        ? (requests: GrpcRequests<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, undefined>
        : never;

/** One function for each method of a service, streaming ones too, by its TypeScript name. */
export type GrpcClient<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: infer Kind; input: infer I; output: infer O }
    ? I extends DescMessage
      ? O extends DescMessage
        ? CallOf<Kind, I, O>
        : never
      : never
    : never;
};

/**
 * Make a client of a service with all its methods.
 *
 * @param options  defaults for every call of this client; what a call itself names wins
 */
export function createGrpcClient<S extends DescService>(
  service: S,
  channel: { readonly call: UnaryCall; readonly stream: GrpcStreamCall },
  options?: CallOptions,
): GrpcClient<S> {
  const client: Record<string, unknown> = Object.create(null);
  for (const method of service.methods) {
    const own = (given: CallOptions | undefined) => (options ? { ...options, ...given } : given);
    switch (method.methodKind) {
      case "unary":
        client[method.localName] = (request: object, given?: CallOptions) =>
          channel.call(method as DescMethodUnary, request, own(given));
        break;
      case "server_streaming":
        client[method.localName] = (request: object, given?: CallOptions) =>
          channel.stream(method, [request], own(given));
        break;
      case "client_streaming":
        client[method.localName] = (requests: GrpcRequests<DescMessage>, given?: CallOptions) =>
          onlyAnswer(method, channel.stream(method, requests, own(given)));
        break;
      default:
        client[method.localName] = (requests: GrpcRequests<DescMessage>, given?: CallOptions) =>
          channel.stream(method, requests, own(given));
    }
  }
  return client as GrpcClient<S>;
}

/** gRPC calls another number of answers than one Unimplemented: the server has another idea of the method. */
async function onlyAnswer<T>(method: DescMethod, answers: AsyncIterable<T>): Promise<T> {
  let answer: { readonly value: T } | undefined;
  for await (const value of answers) {
    if (answer) {
      throw new RpcError(Code.Unimplemented, `${method.name}: more than one answer came for a method that has one`);
    }
    answer = { value };
  }
  if (!answer) {
    throw new RpcError(Code.Unimplemented, `${method.name}: no answer came`);
  }
  return answer.value;
}
