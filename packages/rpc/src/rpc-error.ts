import { Code, codeName } from "./code.ts";

/** Machine-readable facts about a failure. Names that the framework itself sets: */
export interface RpcErrorDetails {
  /** Client: nothing of the call was handed to the socket, so it may be repeated elsewhere whatever its method. */
  notSent?: boolean;
  /** The server refused the call before its handler ran (it is stopping, it is full): may be repeated elsewhere. */
  notExecuted?: boolean;
  /** The server is full: milliseconds after which it may be asked again. */
  retryAfterMs?: number;
  /** The original's return code, -1…-21 or one of a foreign server, where it says more than `code`. */
  ret?: number;
  /** Protobuf messages that tell programs more, at most 4,096 bytes: full type name and bytes of each. See `errorDetail` and `findErrorDetail`. gRPC and Connect know them as `google.protobuf.Any`. */
  messages?: readonly { readonly type: string; readonly value: Uint8Array }[];
  [name: string]: unknown;
}

/** What {@link RpcError} takes beside code and message. */
export interface RpcErrorOptions {
  details?: RpcErrorDetails | undefined;
  /** The origin; logged, never sent. */
  cause?: unknown;
}

/**
 * The one error of calls, on both sides: a handler throws it to answer with a code, a client gets it.
 *
 * `code` is never `Ok`. `message` is for people and is sent to the caller; `details` is for programs (only `notExecuted`,
 * `retryAfterMs`, `ret` and `messages` cross the wire); `cause` stays in the process.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: Code;
  readonly details: RpcErrorDetails;

  constructor(code: Code, message: string, options?: RpcErrorOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options?.details ?? {};
  }

  override toString(): string {
    return `${this.name} ${codeName(this.code)}: ${this.message}`;
  }
}

/**
 * Translate whatever a handler threw to an `RpcError`; one that already is one stays as it is.
 *
 * Anything else becomes `Unknown` with the origin as `cause`. The message of a foreign error is not sent: it may hold
 * what callers must not see (a query, a path, a password in a connection string).
 */
export function rpcErrorFromUnknown(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) {
    return thrown;
  }
  return new RpcError(Code.Unknown, "the handler failed with an error that is not an RpcError; see the service's log", {
    cause: thrown,
    details: { ret: -18 },
  });
}
