import type { DescMessage, DescService, MessageShape } from "@bufbuild/protobuf";
import type { CallContext } from "./call-context.ts";
import type { CallOptions, Requests } from "./call-options.ts";
import type { MessageFields } from "./message-fields.ts";

/** Serves one unary method. The response may be any object with the response message's fields. */
export type Handler<I extends DescMessage, O extends DescMessage, Context extends CallContext = CallContext> = (
  request: MessageShape<I>,
  context: Context,
) => MessageFields<O> | Promise<MessageFields<O>>;

/** Serves one server-streaming method, most easily as an `async function*`: what it yields is sent as the caller takes it. */
export type ServerStreamingHandler<
  I extends DescMessage,
  O extends DescMessage,
  Context extends CallContext = CallContext,
> = (request: MessageShape<I>, context: Context) => AsyncIterable<MessageFields<O>>;

/** Serves one client-streaming method. It may answer before it has read all requests; the rest is then not read. */
export type ClientStreamingHandler<
  I extends DescMessage,
  O extends DescMessage,
  Context extends CallContext = CallContext,
> = (requests: AsyncIterable<MessageShape<I>>, context: Context) => Promise<MessageFields<O>>;

/** Serves one method that streams both ways; requests and responses need not alternate. */
export type BidiStreamingHandler<
  I extends DescMessage,
  O extends DescMessage,
  Context extends CallContext = CallContext,
> = (requests: AsyncIterable<MessageShape<I>>, context: Context) => AsyncIterable<MessageFields<O>>;

/** The handler that a method of a kind takes. */
type HandlerOf<Kind, I extends DescMessage, O extends DescMessage, Context extends CallContext> = Kind extends "unary"
  ? Handler<I, O, Context>
  : Kind extends "server_streaming"
    ? ServerStreamingHandler<I, O, Context>
    : Kind extends "client_streaming"
      ? ClientStreamingHandler<I, O, Context>
      : Kind extends "bidi_streaming"
        ? BidiStreamingHandler<I, O, Context>
        : never;

/** One handler for each method of a service, by its TypeScript name. */
export type ServiceImplementation<S extends DescService, Context extends CallContext = CallContext> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: infer Kind; input: infer I; output: infer O }
    ? I extends DescMessage
      ? O extends DescMessage
        ? HandlerOf<Kind, I, O, Context>
        : never
      : never
    : never;
};

/** The function that calls a method of a kind. */
type CallOf<Kind, I extends DescMessage, O extends DescMessage> = Kind extends "unary"
  ? (request: MessageFields<I>, options?: CallOptions) => Promise<MessageShape<O>>
  : Kind extends "server_streaming"
    ? (request: MessageFields<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, undefined>
    : Kind extends "client_streaming"
      ? (requests: Requests<I>, options?: CallOptions) => Promise<MessageShape<O>>
      : Kind extends "bidi_streaming"
        ? (requests: Requests<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, undefined>
        : never;

/** One function for each method of a service, streaming ones too, by its TypeScript name. */
export type Client<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: infer Kind; input: infer I; output: infer O }
    ? I extends DescMessage
      ? O extends DescMessage
        ? CallOf<Kind, I, O>
        : never
      : never
    : never;
};
