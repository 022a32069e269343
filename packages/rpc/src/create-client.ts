import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { CallOptions, UnaryCall } from "./call-options.ts";
import type { MessageFields } from "./message-fields.ts";
import type { Client } from "./service-types.ts";

/**
 * Make a client of a service: one function for each unary method, all going through `call`.
 *
 * @param options  defaults for every call of this client; what a call itself names wins
 */
export function createClient<S extends DescService>(service: S, call: UnaryCall, options?: CallOptions): Client<S> {
  const client: Record<string, unknown> = Object.create(null);
  for (const method of service.methods) {
    if (method.methodKind !== "unary") {
      continue;
    }
    const unary = method as DescMethodUnary;
    client[method.localName] = options
      ? (request: MessageFields<DescMethodUnary["input"]>, own?: CallOptions) =>
          call(unary, request, own ? { ...options, ...own } : options)
      : (request: MessageFields<DescMethodUnary["input"]>, own?: CallOptions) => call(unary, request, own);
  }
  return client as Client<S>;
}
