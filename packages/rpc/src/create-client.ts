import type { DescMessage, DescMethod, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { CallOptions, Requests, StreamCall, UnaryCall } from "./call-options.ts";
import { Code } from "./code.ts";
import type { MessageFields } from "./message-fields.ts";
import { RpcError } from "./rpc-error.ts";
import type { Client } from "./service-types.ts";

/**
 * Make a client of a service: one function for each method, unary ones going through `call`, streaming ones through `stream`.
 *
 * @param options  defaults for every call of this client; what a call itself names wins
 * @param stream  default: streaming methods fail with Unimplemented
 */
export function createClient<S extends DescService>(
  service: S,
  call: UnaryCall,
  options?: CallOptions,
  stream: StreamCall = noStreams,
): Client<S> {
  const client: Record<string, unknown> = Object.create(null);
  for (const method of service.methods) {
    client[method.localName] =
      method.methodKind === "unary"
        ? unary(method as DescMethodUnary, call, options)
        : streaming(method, stream, options);
  }
  return client as Client<S>;
}

function unary(method: DescMethodUnary, call: UnaryCall, options: CallOptions | undefined) {
  return options
    ? (request: MessageFields<DescMessage>, own?: CallOptions) =>
        call(method, request, own ? { ...options, ...own } : options)
    : (request: MessageFields<DescMessage>, own?: CallOptions) => call(method, request, own);
}

function streaming(method: DescMethod, stream: StreamCall, options: CallOptions | undefined) {
  const all = (own: CallOptions | undefined) => (options ? { ...options, ...own } : own);
  switch (method.methodKind) {
    case "server_streaming":
      return (request: object, own?: CallOptions) => stream(method, [request], all(own));
    case "client_streaming":
      return (requests: Requests<DescMessage>, own?: CallOptions) =>
        onlyAnswer(method, stream(method, requests, all(own)));
    default:
      return (requests: Requests<DescMessage>, own?: CallOptions) => stream(method, requests, all(own));
  }
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

// biome-ignore lint/correctness/useYield: it has nothing to give
async function* noStreams(method: DescMethod): AsyncGenerator<never, void, undefined> {
  throw new RpcError(Code.Unimplemented, `${method.parent.typeName}.${method.name} streams, which needs gRPC`, {
    details: { notSent: true },
  });
}
