import type { DescMessage, DescMethod, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { type Codec, compileCodec } from "@msec/wire";
import type { CallContext } from "./call-context.ts";
import { assertRequired, type RequiredCheck, requiredCheck } from "./required-fields.ts";
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
  /** How large answers have been of late, in bytes, for protocols that plan with it and tell it; -1 until one was given. */
  answerBytes: number;
}

/** One streaming method that is served. */
export interface ServedStream {
  /** Full name, `chat.ChatService.Talk`. */
  readonly name: string;
  readonly desc: DescMethod;
  readonly request: Codec;
  readonly response: Codec;
  /**
   * Takes the request (server streaming) or an iterable of them; gives an iterable of the response messages' fields, or a promise of
   * the one response (client streaming).
   */
  readonly handle: (input: unknown, context: CallContext) => AsyncIterable<object> | Promise<object>;
}

/**
 * The methods that a listener serves, by full name. Services may be added at any time; a name only once.
 *
 * @typeParam Context  what handlers get: `CallContext`, or what `extendContext` makes of it (the SDK adds calls and logs)
 */
export class MethodTable<Context extends CallContext = CallContext> {
  readonly #methods = new Map<string, ServedMethod>();
  readonly #streams = new Map<string, ServedStream>();
  #last: ServedMethod | undefined;
  readonly #services: DescService[] = [];
  readonly #extendContext: ((context: CallContext) => Context) | undefined;

  /** @param extendContext  makes each handler's context from the plain one, once a request */
  constructor(extendContext?: (context: CallContext) => Context) {
    this.#extendContext = extendContext;
  }

  /**
   * Serve all methods of a service.
   *
   * @throws TypeError a handler is missing or not a function, or a method is served already
   */
  add<S extends DescService>(service: S, handlers: ServiceImplementation<S, Context>): this {
    const methods: ServedMethod[] = [];
    const streams: ServedStream[] = [];
    for (const method of service.methods) {
      const name = `${service.typeName}.${method.name}`;
      if (this.#methods.has(name) || this.#streams.has(name)) {
        throw new TypeError(`${name} is served already; add each service once`);
      }
      const handler: unknown = (handlers as Record<string, unknown>)[method.localName];
      if (typeof handler !== "function") {
        throw new TypeError(
          `handlers.${method.localName} of ${service.typeName} must be a function, found ${typeof handler}`,
        );
      }
      if (method.methodKind === "unary") {
        methods.push(this.#served(name, method as DescMethodUnary, handler.bind(handlers)));
      } else {
        streams.push(this.#served(name, method, handler.bind(handlers)));
      }
    }
    for (const method of methods) {
      this.#methods.set(method.name, method);
    }
    for (const stream of streams) {
      this.#streams.set(stream.name, stream);
    }
    this.#services.push(service);
    return this;
  }

  /** The unary method with this full name, if it is served. */
  find(name: string): ServedMethod | undefined {
    // Most calls are of the method of the one before, and their names one and the same string.
    const last = this.#last;
    if (last !== undefined && last.name === name) {
      return last;
    }
    const found = this.#methods.get(name);
    this.#last = found ?? last;
    return found;
  }

  /** The streaming method with this full name, if it is served. */
  findStream(name: string): ServedStream | undefined {
    return this.#streams.get(name);
  }

  /** Full names of all methods: the unary ones, then the streaming ones, each in the order in which they were added. */
  names(): string[] {
    return [...this.#methods.keys(), ...this.#streams.keys()];
  }

  /** The services, in the order in which they were added. */
  services(): readonly DescService[] {
    return this.#services;
  }

  #served<D extends DescMethod, R>(
    name: string,
    desc: D,
    handler: (input: unknown, context: CallContext) => R,
  ): {
    name: string;
    desc: D;
    request: Codec;
    response: Codec;
    handle: (input: unknown, context: CallContext) => R;
    answerBytes: number;
  } {
    const extend = this.#extendContext;
    const checked = checkingRequired(desc, handler);
    return {
      name,
      desc,
      request: compileCodec<DescMessage>(desc.input),
      response: compileCodec<DescMessage>(desc.output),
      handle: extend ? (input, context) => checked(input, extend(context)) : checked,
      answerBytes: -1,
    };
  }
}

/** A handler that is not called with requests that lack a required field; the handler itself where none can. */
function checkingRequired<R>(
  desc: DescMethod,
  handler: (input: unknown, context: CallContext) => R,
): (input: unknown, context: CallContext) => R {
  const { input: type, methodKind } = desc;
  const check = requiredCheck(type);
  if (!check) {
    return handler;
  }
  if (methodKind === "unary" || methodKind === "server_streaming") {
    return (request, context) => {
      assertRequired(type, check, request as object);
      return handler(request, context);
    };
  }
  return (requests, context) => handler(checkEach(type, check, requests as AsyncIterable<object>), context);
}

async function* checkEach(
  type: DescMessage,
  check: RequiredCheck,
  requests: AsyncIterable<object>,
): AsyncGenerator<object> {
  for await (const request of requests) {
    assertRequired(type, check, request);
    yield request;
  }
}
