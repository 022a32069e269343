/** What `UserError` takes besides its message. */
export interface UserErrorOptions {
  /** What to do about it: a sentence, or a command to type. */
  readonly hint?: string;
  /** The error that led here; kept for logs, never printed by `reportUserError`. */
  readonly cause?: unknown;
  /** Exit status of a program that ends because of it, 1…125; default 1. */
  readonly exitStatus?: number;
}

/**
 * An error that the person at the terminal can do something about: what is wrong in the message, what to do in the hint.
 *
 * Thrown for missing prerequisites, bad configuration, taken ports, unreadable directories; printed as one line without a stack.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly hint: string;
  readonly exitStatus: number;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint ?? "";
    this.exitStatus = options.exitStatus ?? 1;
  }
}

/**
 * Print an error that ends a program and give the status to exit with.
 *
 * A `UserError` becomes one line, `<program>: <what is wrong>; <what to do>`; anything else is a defect of ours and keeps its stack.
 *
 * @param program  name to print in front; default `msec`
 * @param write    where to; default standard error
 * @returns the exit status: the `UserError`'s own, else 70 (EX_SOFTWARE of sysexits.h)
 */
export function reportUserError(
  error: unknown,
  program = "msec",
  write: (text: string) => void = (text) => void process.stderr.write(text),
): number {
  if (error instanceof UserError) {
    const line = error.hint === "" ? error.message : `${error.message}; ${error.hint}`;
    write(`${program}: ${line.replaceAll("\n", " ")}\n`);
    return error.exitStatus;
  }
  write(`${program}: unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 70;
}
