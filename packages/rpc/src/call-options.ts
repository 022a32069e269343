import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
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
}

/** One unary call, however it gets there: channels, balancers and tests implement this one function. */
export type UnaryCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  request: MessageFields<I>,
  options?: CallOptions,
) => Promise<MessageShape<O>>;
