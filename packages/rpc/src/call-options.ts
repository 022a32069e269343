import type { DescMessage, DescMethod, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import type { CallFollower } from "./call-follower.ts";
import type { MessageFields } from "./message-fields.ts";
import type { TraceParent } from "./trace-parent.ts";

/** What one call may say beside its request. */
export interface CallOptions {
  /**
   * Milliseconds until the call fails with DeadlineExceeded, 1…2_147_483_647; default is the channel's (10_000).
   * A call made while serving a request never gets more than what is left of that request's own deadline.
   */
  timeoutMs?: number | undefined;
  /** Gives the call up: it fails with Canceled, an answer that still comes is dropped. */
  signal?: AbortSignal | undefined;
  /** Sent along; the called handler reads it as `context.metadata`. */
  metadata?: Readonly<Record<string, string>> | undefined;
  /** The span that this call belongs to; default is the request being served (`currentContext()`), else a new trace. */
  parent?: TraceParent | undefined;
  /** Who calls, `L1.L2`; default is the channel's. */
  caller?: string | undefined;
  /**
   * Milliseconds of one attempt, 1…2_147_483_647; default: as long as the whole call. An idempotent call whose attempt takes longer is retried
   * while its own time lasts.
   */
  attemptTimeoutMs?: number | undefined;
  /** `false`: never retry, whatever the IDL says. Default: methods that the IDL marks as idempotent are retried. */
  retry?: boolean | undefined;
  /**
   * Ask a second instance when the first has not answered after `afterMs` (1…2_147_483_647) milliseconds, and take the answer that comes first.
   * `true`: after the time in which 95 of 100 calls of the method have been answered. Only methods that the IDL marks as idempotent. Default: no.
   */
  hedge?: boolean | { readonly afterMs: number } | undefined;
  /**
   * Which instance: of a service with consistent hash, calls with the same key go to the same one. 1…1024 characters are looked at. Without a meaning to other
   * services, to a call by address and to a channel.
   */
  routeKey?: string | undefined;
  /** Hears what the handler sent back beside its response (`context.reply`), before the call's promise is settled. */
  onReply?: ((metadata: Readonly<Record<string, string>>) => void) | undefined;
  /** Dye the request: it is recorded in full by all that it passes. What a dyed request calls is dyed without this. */
  dyed?: boolean | undefined;
  /** The call is a repeat of one that was made before. Set by whatever repeats calls; a handler reads it as `context.isRetry`. */
  isRetry?: boolean | undefined;
  /** Which attempt of its call this is, for the record: see `attemptMark`. Set by whatever repeats calls. Default 0, the first. */
  attempt?: number | undefined;
  /** Is told how the call ends, before whoever waits for its promise. Set by whatever chooses where calls go. */
  follower?: CallFollower | undefined;
}

/** One unary call, however it gets there: channels, balancers and tests implement this one function. */
export type UnaryCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  request: MessageFields<I>,
  options?: CallOptions,
) => Promise<MessageShape<O>>;

/** Requests of a streaming call: an `async function*`, a list, a readable stream of objects. Read as the server takes them. */
export type Requests<I extends DescMessage> = AsyncIterable<MessageFields<I>> | Iterable<MessageFields<I>>;

/**
 * One streaming call of any kind. It begins when the first answer is asked for; to stop taking answers (`break`) gives it up.
 *
 * @throws RpcError from the iterator, as a `UnaryCall` does; Internal where `requests` threw (its own RpcError is passed on)
 */
export type StreamCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
  requests: Requests<I>,
  options?: CallOptions,
) => AsyncGenerator<MessageShape<O>, void, undefined>;
