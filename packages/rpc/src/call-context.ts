import { AsyncLocalStorage } from "node:async_hooks";
import { runAlone } from "./call-frame.ts";
import type { Reply } from "./reply.ts";
import type { TraceParent } from "./trace-parent.ts";

/** What a handler knows of the request that it serves. One object for each request. */
export interface CallContext extends TraceParent {
  /** Full name, `flight.flight_service.queryFlight`. */
  readonly method: string;
  /** Who the caller says it is, `L1.L2`; "" where it says nothing. Self-declared: never authorise by it. */
  readonly caller: string;
  /** The other end, `127.0.0.1:40312`; `unix:` for a unix socket. */
  readonly peer: string;
  /** The connection, as the same object for all its calls: the key under which to keep what is known of it (a `WeakMap`). */
  readonly connection: object;
  /** SHA-256 of the client certificate, lower-case hex; `undefined` without TLS or without a certificate. */
  readonly peerCertificate: string | undefined;
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes: the span of this request. */
  readonly spanId: Uint8Array;
  /** 8 bytes: the caller's span; all zero where it named none. */
  readonly parentSpanId: Uint8Array;
  /** The trace id as 32 hex digits. */
  readonly requestId: string;
  /** When the caller stops waiting, in milliseconds of `performance.now()`; `Infinity` where it did not say. */
  readonly deadline: number;
  /** Aborts when the deadline passes, the caller goes away or the listener is closed by force. Its `reason` is an `RpcError`. */
  readonly signal: AbortSignal;
  /** What the caller sent along; {} where nothing. Without prototype. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Services that the request has been through before this one; 0 from a first caller. Calls made while serving carry one more. */
  readonly hops: number;
  /** Whether this is a retry or a hedge, or part of one further up. What is called meanwhile is then not repeated again. */
  readonly isRetry: boolean;
  /** What goes back beside the response. */
  readonly reply: Reply;
  /** Whether the request is recorded in full, here and by all that is called from here; may be set, never taken back. */
  dyed: boolean;
  /** Milliseconds left until the deadline, at least 0; `Infinity` where there is none. */
  remainingMs(): number;
  /**
   * Hear of cancellation without the cost of an `AbortSignal`; called at once if it has already happened.
   *
   * @returns stops listening
   */
  onCancel(listener: (reason: Error) => void): () => void;
}

const storage = new AsyncLocalStorage<CallContext>();

/** The request being served by the code that asks, through any `await` and in every branch of a `Promise.all`; `undefined` outside. */
export function currentContext(): CallContext | undefined {
  return storage.getStore();
}

/** Run `f` with `context` as the current one, or (`undefined`) outside of all. Servers do it around each handler; tests and job runners may too. */
export function runInContext<A, B, R>(context: CallContext | undefined, f: (a: A, b: B) => R, a: A, b: B): R {
  return storage.run(context as CallContext, f, a, b);
}

/** As `runInContext`, for code that comes from no request: see `runAlone`. */
export const runInContextOnly = runAlone(storage);
