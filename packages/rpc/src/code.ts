/**
 * Status of a call: gRPC's sixteen failures and `Ok`, with gRPC's numbers.
 *
 * @see https://grpc.io/docs/guides/status-codes/
 */
export const Code = {
  Ok: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** One of the numbers of {@link Code}, 0…16. */
export type Code = (typeof Code)[keyof typeof Code];

const names: readonly string[] = Object.keys(Code);

/** Name of a code as `Code` spells it (`InvalidArgument`); `Code17` for a number that is none. */
export function codeName(code: number): string {
  return names[code] ?? `Code${code}`;
}

/** Whether a number is one of the seventeen codes. */
export function isCode(value: unknown): value is Code {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < names.length;
}
