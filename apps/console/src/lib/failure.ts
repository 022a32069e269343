import { Code, ConnectError } from "@connectrpc/connect";

/** What a failed call means for the person in front of the page; each has its texts under `failure.<kind>`. */
export const FailureKind = {
  SignedOut: "signedOut",
  Unreachable: "unreachable",
  TooSlow: "tooSlow",
  NotFound: "notFound",
  Refused: "refused",
  TelemetryDown: "unavailable",
  Unexpected: "unexpected",
} as const;
/** What a failed call means for the person in front of the page. */
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

/** A failed call in the terms of the page: what kind it is and what the server said. */
export interface Failure {
  readonly kind: FailureKind;
  /** The server's own words, empty where there are none. */
  readonly detail: string;
}

/**
 * Translates what a call threw.
 *
 * Nothing came back at all when `fetch` itself failed, or when a proxy in between said so. That the time was up says less: the server may well answer what is asked
 * beside it.
 */
export function failureFrom(error: unknown): Failure {
  const connectError = ConnectError.from(error);
  return { kind: kindFrom(connectError), detail: connectError.rawMessage };
}

function kindFrom(error: ConnectError): FailureKind {
  switch (error.code) {
    case Code.Unauthenticated:
      return FailureKind.SignedOut;
    case Code.NotFound:
      return FailureKind.NotFound;
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.PermissionDenied:
    case Code.AlreadyExists:
    case Code.ResourceExhausted:
    case Code.OutOfRange:
      return FailureKind.Refused;
    case Code.DeadlineExceeded:
      return FailureKind.TooSlow;
    case Code.Canceled:
      return FailureKind.Unreachable;
    case Code.Unavailable:
      // A server that answers has its own words for what is missing; a proxy without one behind it says "HTTP 502".
      return /^HTTP 50\d|bad gateway/i.test(error.rawMessage) ? FailureKind.Unreachable : FailureKind.TelemetryDown;
    default:
      // connect wraps what fetch() threw (a TypeError) as Unknown; a page whose code could not be loaded says so in words of the browser or of Vite.
      return error.cause instanceof TypeError ||
        /fetch|network|preload|import(ed|ing)\b.*module/i.test(error.rawMessage)
        ? FailureKind.Unreachable
        : FailureKind.Unexpected;
  }
}

/** Whether nobody answered, or not in time: older data, where there are any, go on being shown. */
export function isNoAnswer(error: unknown): boolean {
  const { kind } = failureFrom(error);
  return kind === FailureKind.Unreachable || kind === FailureKind.TooSlow;
}

/** Whether asking again may help. */
export function isWorthRetrying(error: unknown): boolean {
  return isNoAnswer(error) || failureFrom(error).kind === FailureKind.TelemetryDown;
}
