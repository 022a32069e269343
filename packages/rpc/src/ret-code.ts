import { Code } from "./code.ts";
import type { RpcError } from "./rpc-error.ts";

/** One row of the original's table of return codes. */
export interface RetCode {
  /** 0…-21. */
  readonly ret: number;
  /** The original's own text, its spelling included, as `errmsg()` in srpc_comm.cpp gives it. */
  readonly text: string;
  readonly code: Code;
}

/** The original's return codes (srpc_comm.h) and what each is here; row i is `ret` -i. */
export const retCodes: readonly RetCode[] = [
  { ret: 0, text: "success", code: Code.Ok },
  { ret: -1, text: "invalid parameter", code: Code.InvalidArgument },
  { ret: -2, text: "system error", code: Code.Internal },
  { ret: -3, text: "invalid package", code: Code.InvalidArgument },
  { ret: -4, text: "invalid package header", code: Code.InvalidArgument },
  { ret: -5, text: "invalid package body", code: Code.InvalidArgument },
  { ret: -6, text: "invalid method name", code: Code.Unimplemented },
  { ret: -7, text: "package header uninitialized", code: Code.Internal },
  { ret: -8, text: "package body uninitialized", code: Code.InvalidArgument },
  { ret: -9, text: "no memory", code: Code.ResourceExhausted },
  { ret: -10, text: "timeout", code: Code.DeadlineExceeded },
  { ret: -11, text: "network error", code: Code.Unavailable },
  { ret: -12, text: "recevice timeout", code: Code.DeadlineExceeded },
  { ret: -13, text: "network sendrecv failed", code: Code.Unavailable },
  { ret: -14, text: "invalid endpoint", code: Code.InvalidArgument },
  { ret: -15, text: "get route failed", code: Code.Unavailable },
  { ret: -16, text: "invalid sequence", code: Code.Internal },
  { ret: -17, text: "no package body", code: Code.InvalidArgument },
  { ret: -18, text: "service implement failed", code: Code.Unknown },
  { ret: -19, text: "backend process failed", code: Code.Internal },
  { ret: -20, text: "php error", code: Code.Unknown },
  { ret: -21, text: "python error", code: Code.Unknown },
];

// The other way round there are fewer rows than codes: what the original has no word for is "service implement failed",
// and the exact code travels beside it in a head field of ours.
const retOfCode: readonly number[] = [
  0, // Ok
  -2, // Canceled
  -18, // Unknown
  -1, // InvalidArgument
  -10, // DeadlineExceeded
  -18, // NotFound
  -18, // AlreadyExists
  -18, // PermissionDenied
  -9, // ResourceExhausted
  -18, // FailedPrecondition
  -18, // Aborted
  -1, // OutOfRange
  -6, // Unimplemented
  -2, // Internal
  -11, // Unavailable
  -2, // DataLoss
  -18, // Unauthenticated
];

/** The original's return code that comes nearest to a code, 0…-21. */
export function retFromCode(code: Code): number {
  return retOfCode[code] ?? -18;
}

/** The code that a return code of the original stands for; `Unknown` for numbers that its table does not have (Java's -1000). */
export function codeFromRet(ret: number): Code {
  return retCodes[-ret]?.code ?? Code.Unknown;
}

/** The return code to answer for an error: the more exact `details.ret` where it fits the code, else the code's own. */
export function retFromError(error: RpcError): number {
  const { ret } = error.details;
  return ret !== undefined && ret < 0 && codeFromRet(ret) === error.code ? ret : retFromCode(error.code);
}
