/** What kind of trouble a `StoreError` reports. */
export const StoreProblem = {
  /** The URL cannot be understood. */
  BadUrl: "bad-url",
  /** The database cannot be opened or reached. */
  Unreachable: "unreachable",
  /** The database could lose acknowledged writes, or is too old. */
  Unsafe: "unsafe",
  /** The schema in the database is not one that this program can bring up to date. */
  Schema: "schema",
} as const;

/** One of the values of `StoreProblem`. */
export type StoreProblem = (typeof StoreProblem)[keyof typeof StoreProblem];

/**
 * A database that cannot be used; raised by `openStore` and `migrate` only.
 *
 * The message is one line for the operator: what is wrong and what to do. It never has a password in it.
 */
export class StoreError extends Error {
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.problem = problem;
  }
}
