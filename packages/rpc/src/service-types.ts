import type { DescMessage, DescService, MessageShape } from "@bufbuild/protobuf";
import type { CallContext } from "./call-context.ts";
import type { CallOptions } from "./call-options.ts";
import type { MessageFields } from "./message-fields.ts";

/** Serves one unary method. The response may be any object with the response message's fields. */
export type Handler<I extends DescMessage, O extends DescMessage, Context extends CallContext = CallContext> = (
  request: MessageShape<I>,
  context: Context,
) => MessageFields<O> | Promise<MessageFields<O>>;

/** One handler for each method of a service, by its TypeScript name. */
export type ServiceImplementation<S extends DescService, Context extends CallContext = CallContext> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: "unary"; input: infer I; output: infer O }
    ? I extends DescMessage
      ? O extends DescMessage
        ? Handler<I, O, Context>
        : never
      : never
    : never;
};

/** One function for each unary method of a service, by its TypeScript name. */
export type Client<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends { methodKind: "unary"; input: infer I; output: infer O }
    ? I extends DescMessage
      ? O extends DescMessage
        ? (request: MessageFields<I>, options?: CallOptions) => Promise<MessageShape<O>>
        : never
      : never
    : never;
};
