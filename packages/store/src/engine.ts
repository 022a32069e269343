import type { Dialect, Transaction } from "kysely";

/** The two engines, by Kysely's names for them. */
export type DialectName = "sqlite" | "postgres";

/**
 * What the store needs from an engine beyond Kysely's own dialect; one file for each engine makes one.
 */
export interface Engine {
  readonly name: DialectName;
  readonly dialect: Dialect;
  /** Run a script of several statements inside a transaction. */
  runScript(transaction: Transaction<unknown>, script: string): Promise<void>;
  /** Let no other process migrate the same database until the transaction ends. */
  lockSchema(transaction: Transaction<unknown>): Promise<void>;
  /**
   * Take the database for this program alone, until `releaseAlone`.
   *
   * @param onTaken  see `Store.takeAlone`
   * @returns false where another program has done so
   */
  takeAlone(onTaken: () => void): Promise<boolean>;
  /** Give up what `takeAlone` took; harmless where it took nothing. */
  releaseAlone(): Promise<void>;
}
