import { join } from "node:path";
import { Code, type Handler, RpcError } from "@msec/rpc";
import { type OrderRequestSchema, type OrderResponseSchema, OrderService } from "../gen/orders_pb.js";
import { type Connection, type ConnectOptions, connect } from "./connect.ts";
import type { ServiceContext } from "./request-context.ts";
import { type ServeOptions, type Service, serve } from "./serve.ts";
import { patiently, TestingAgent, temporaryDirectory } from "./testing-agent.ts";

/** Serves every method of the test service. */
export type OrderHandler = Handler<typeof OrderRequestSchema, typeof OrderResponseSchema, ServiceContext>;

/** An agent with instances and callers around it; all end when it goes out of scope. */
export class OrderWorld implements AsyncDisposable {
  readonly agent: TestingAgent;
  readonly directory: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(agent: TestingAgent, directory: string, stack: AsyncDisposableStack) {
    this.agent = agent;
    this.directory = directory;
    this.#stack = stack;
  }

  static async create(): Promise<OrderWorld> {
    const stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryDirectory());
    const agent = stack.use(await new TestingAgent(join(path, "agent.sock")).start());
    return new OrderWorld(agent, path, stack);
  }

  /** Starts an instance that runs `handler` for all methods. All are this process: that it is busy is no reason to refuse calls. */
  async serve(
    name: string,
    handler: OrderHandler,
    options: ServeOptions<typeof OrderService> = {},
  ): Promise<Service & { port: number }> {
    const service = serve(
      OrderService,
      { find: handler, cancel: handler, place: handler },
      {
        name,
        agent: this.agent.path,
        listen: { address: "127.0.0.1", port: 0 },
        stopOnSignal: false,
        onNotice: () => {},
        queueTargetMs: 0,
        ...options,
      },
    );
    this.#stack.use(service);
    const { port } = await service.ready;
    return Object.assign(service, { port });
  }

  /** Starts instances of a service and puts them into routing. */
  async serveAll(name: string, handlers: readonly OrderHandler[]): Promise<Service[]> {
    const services = await Promise.all(handlers.map((handler) => this.serve(name, handler)));
    this.agent.setRoutes(
      name,
      services.map(({ port }) => port),
    );
    return services;
  }

  /** Starts a program that only calls, {@link patiently}. */
  connect(options: ConnectOptions = {}): Connection {
    const connection = connect({ name: "Test.caller", agent: this.agent.path, onNotice: () => {}, ...options });
    return this.#stack.use(patiently(connection));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** The failure of a call; fails the test when there is none. */
export async function rejection(call: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await call.then(
    () => new Error("the call did not fail"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof RpcError) return error;
  throw error;
}

/** What an instance answers that is not well. */
export function notWell(): RpcError {
  return new RpcError(Code.Unavailable, "the database is away");
}

/** Resolves when the handler is told to stop, with the reason. */
export function cancellation(context: ServiceContext): Promise<RpcError> {
  const { promise, resolve } = Promise.withResolvers<RpcError>();
  const told = () => resolve(context.signal.reason as RpcError);
  if (context.signal.aborted) told();
  else context.signal.addEventListener("abort", told);
  return promise;
}
