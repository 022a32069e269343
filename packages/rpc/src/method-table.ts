import type { DescMessage, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { type Codec, compileCodec } from "@msec/wire";
import type { CallContext } from "./call-context.ts";
import type { ServiceImplementation } from "./service-types.ts";

/** One method that is served. Everything that can be worked out before the first request is. */
export interface ServedMethod {
  /** Full name, `flight.flight_service.queryFlight`. */
  readonly name: string;
  readonly desc: DescMethodUnary;
  readonly request: Codec;
  readonly response: Codec;
  /** Gives the response message's fields, at once or later; may throw. */
  readonly handle: (request: unknown, context: CallContext) => object | Promise<object>;
}

/**
 * The methods that a listener serves, by full name. Services may be added at any time; a name only once.
 *
 * @typeParam Context  what handlers get: `CallContext`, or what `extendContext` makes of it (the SDK adds calls and logs)
 */
export class MethodTable<Context extends CallContext = CallContext> {
  readonly #methods = new Map<string, ServedMethod>();
  readonly #extendContext: ((context: CallContext) => Context) | undefined;

  /** @param extendContext  makes each handler's context from the plain one, once a request */
  constructor(extendContext?: (context: CallContext) => Context) {
    this.#extendContext = extendContext;
  }

  /**
   * Serve all unary methods of a service.
   *
   * @throws TypeError a handler is missing or not a function, or a method is served already
   */
  add<S extends DescService>(service: S, handlers: ServiceImplementation<S, Context>): this {
    const added: ServedMethod[] = [];
    for (const method of service.methods) {
      const name = `${service.typeName}.${method.name}`;
      if (method.methodKind !== "unary") {
        throw new TypeError(`${name} is ${method.methodKind.replace("_", " ")}; only unary methods can be served`);
      }
      if (this.#methods.has(name)) {
        throw new TypeError(`${name} is served already; add each service once`);
      }
      const handler: unknown = (handlers as Record<string, unknown>)[method.localName];
      if (typeof handler !== "function") {
        throw new TypeError(
          `handlers.${method.localName} of ${service.typeName} must be a function, found ${typeof handler}`,
        );
      }
      added.push(this.#served(name, method as DescMethodUnary, handler.bind(handlers)));
    }
    for (const method of added) {
      this.#methods.set(method.name, method);
    }
    return this;
  }

  /** The method with this full name, if it is served. */
  find(name: string): ServedMethod | undefined {
    return this.#methods.get(name);
  }

  /** Full names of all methods, in the order in which they were added. */
  names(): string[] {
    return [...this.#methods.keys()];
  }

  #served(name: string, desc: DescMethodUnary, handler: ServedMethod["handle"]): ServedMethod {
    const extend = this.#extendContext;
    return {
      name,
      desc,
      request: compileCodec<DescMessage>(desc.input),
      response: compileCodec<DescMessage>(desc.output),
      handle: extend ? (request, context) => handler(request, extend(context)) : handler,
    };
  }
}
