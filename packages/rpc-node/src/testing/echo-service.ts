import { type CallContext, type Client, createClient, MethodTable, type ServiceImplementation } from "@msec/rpc";
import { EchoService } from "../../gen/echo_pb.js";
import { type Channel, type ChannelOptions, createChannel } from "../channel/create-channel.ts";
import { type Listener, type ListenerOptions, listen } from "../listen.ts";

/** What the handlers of the test service saw. */
export interface Seen {
  contexts: CallContext[];
  /** Reasons with which handlers heard that they were cancelled. */
  canceled: unknown[];
}

/** A listener on a free port with its handlers' notes; closes itself. */
export interface EchoServer extends AsyncDisposable {
  readonly listener: Listener;
  readonly seen: Seen;
  /** Ends every `slow` call that waits for it (`waitMs` 0), in the order of arrival. */
  release(): void;
  /** Resolves when so many handlers have been entered. */
  entered(count: number): Promise<void>;
}

/** Serve `echo.EchoService` for a test. */
export async function serveEcho(
  options: Partial<ListenerOptions> = {},
  handlers: Partial<ServiceImplementation<typeof EchoService>> = {},
): Promise<EchoServer> {
  const seen: Seen = { contexts: [], canceled: [] };
  const held: (() => void)[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const enter = (context: CallContext) => {
    seen.contexts.push(context);
    for (const waiter of waiters) {
      if (seen.contexts.length >= waiter.count) {
        waiter.resolve();
      }
    }
  };
  const methods = new MethodTable().add(EchoService, {
    echo(request, context) {
      enter(context);
      return request;
    },
    async slow(request, context) {
      enter(context);
      context.onCancel((reason) => seen.canceled.push(reason));
      if (request.waitMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, request.waitMs));
      } else {
        await new Promise<void>((resolve) => held.push(resolve));
      }
      return { text: request.text, number: 1 };
    },
    text(request, context) {
      enter(context);
      return request;
    },
    ...handlers,
  });
  const where = options.path === undefined ? { port: 0 } : {};
  const listener = await listen({ methods, ...where, ...options });
  return {
    listener,
    seen,
    release: () => {
      for (const resolve of held.splice(0)) {
        resolve();
      }
    },
    entered: (count) =>
      new Promise((resolve) => {
        if (seen.contexts.length >= count) {
          resolve();
        } else {
          waiters.push({ count, resolve });
        }
      }),
    [Symbol.asyncDispose]: () => listener.close({ graceMs: 0 }),
  };
}

/** A channel to a listener on TCP, with its client; closes itself. */
export function callEcho(
  listener: Listener,
  options?: ChannelOptions,
): AsyncDisposable & { channel: Channel; client: Client<typeof EchoService> } {
  const channel = createChannel({ address: "127.0.0.1", port: listener.port }, options);
  return {
    channel,
    client: createClient(EchoService, channel.call),
    [Symbol.asyncDispose]: () => channel.close({ graceMs: 0 }),
  };
}
