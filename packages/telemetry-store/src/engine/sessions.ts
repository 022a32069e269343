import { EngineException, ExceptionCode } from "./exception.ts";
import { makeMergesNicer } from "./merge-priority.ts";
import { EngineSession, type Statement, type StatementResult } from "./session.ts";

/** Statements that may run or wait in the whole process; more are refused. */
const statementsMax = 100;

/**
 * The sessions of the process: one for all that writes, so that inserts do not wait behind queries, and two for
 * reading, so that a small query does not wait behind a slow one (measured: 3–11 ms beside a query of 2.4 s).
 * More would take threads away from the four that libuv has.
 */
export class EngineSessions {
  readonly #writer: EngineSession;
  readonly #readers: EngineSession[];
  #mergesAreNicer = false;

  /**
   * @param directory absolute path of the engine's data
   * @param connectionArgs the engine's arguments, in the form of `clickhouse local`
   */
  constructor(directory: string, connectionArgs: readonly string[]) {
    this.#writer = new EngineSession(directory, connectionArgs);
    this.#readers = [new EngineSession(directory, connectionArgs), new EngineSession(directory, connectionArgs)];
  }

  /**
   * Run a statement that only reads.
   *
   * @throws EngineException, or chdb's own error with ClickHouse's text
   */
  read(statement: Statement): Promise<StatementResult> {
    this.#assertRoom();
    const reader = this.#readers.reduce((least, session) => (session.pending < least.pending ? session : least));
    return reader.run(statement);
  }

  /** Run a statement that changes something; same errors. */
  async write(statement: Statement): Promise<StatementResult> {
    this.#assertRoom();
    const result = await this.#writer.run(statement);
    // The engine has threads that merge since it has a table.
    if (!this.#mergesAreNicer) this.#mergesAreNicer = makeMergesNicer();
    return result;
  }

  /** Finish what runs and waits, then close. */
  async close(): Promise<void> {
    await Promise.all([this.#writer, ...this.#readers].map((session) => session.close()));
  }

  #assertRoom(): void {
    const pending = this.#readers.reduce((sum, session) => sum + session.pending, this.#writer.pending);
    if (pending < statementsMax) return;
    throw new EngineException(
      ExceptionCode.TooManySimultaneousQueries,
      `Too many simultaneous queries: ${pending} run or wait, the most is ${statementsMax}. Try again later.`,
    );
  }
}
