import { Session } from "chdb";
import { quote } from "./statement.ts";

/** One statement with everything that goes with it. */
export interface Statement {
  sql: string;
  /** Format of the result unless the statement names one. */
  format: string;
  database: string;
  /** Settings of this statement only. */
  settings: ReadonlyMap<string, string>;
  /** Values of the statement's `{name:Type}`, as ClickHouse's HTTP interface takes them. */
  params: ReadonlyMap<string, string>;
}

/** What came of a statement. */
export interface StatementResult {
  bytes: Uint8Array;
  rowsRead: number;
  bytesRead: number;
  /** Seconds inside the engine. */
  elapsedS: number;
}

/** Settings that hold for every statement, unless it brings its own. */
const baseSettings = new Map([
  // A statement that runs for longer only holds up its session: its caller has given up by then.
  ["max_execution_time", "60"],
  // Two readers and a writer share the process's cap, see main.ts.
  ["max_memory_usage", "400000000"],
  // The result is copied once into JavaScript: keep what one caller may take.
  ["max_result_bytes", "134217728"],
  // One insert is one block, so that its deduplication token stands for all of it.
  ["max_insert_block_size", "4000000"],
  ["min_insert_block_size_rows", "4000000"],
  ["min_insert_block_size_bytes", "0"],
  // As a server does it: `clickhouse local`, which chdb is, takes an expression for a SELECT.
  ["implicit_select", "0"],
  ["input_format_parallel_parsing", "0"],
  // Threads that format together are started for each answer: 25 of a statement's 38 switches, 1.5 ms of its least 2.5.
  ["output_format_parallel_formatting", "0"],
  ["max_insert_threads", "1"],
  // The engine takes a thread for each GiB that is free unless told otherwise: with our cap one for every statement, however much it reads.
  ["max_threads_min_free_memory_per_thread", "134217728"],
]);

/**
 * One connection to the engine. Statements run one after the other, off the event loop; settings and parameters are
 * set on the connection before each and taken back before the next.
 *
 * chdb's own parameter binding runs through one chain for the whole process, so a slow statement would hold up every
 * other; `SET param_…` belongs to the connection and does not. The price: a parameter cannot be unset, so a statement that
 * forgets to send one may find the value of an earlier statement, where a server would refuse it.
 */
export class EngineSession {
  readonly #session: Session;
  /** Settings that differ from the base since an earlier statement. */
  readonly #changed = new Set<string>();
  #database = "default";
  /** Settles when nothing runs on this session. */
  #idle: Promise<unknown> = Promise.resolve();
  /** Statements that run or wait here. */
  pending = 0;

  /**
   * @param directory absolute path of the engine's data
   * @param connectionArgs the engine's arguments; they count for the first session of a process only
   * @throws when the directory is held by another process
   */
  constructor(directory: string, connectionArgs: readonly string[]) {
    this.#session = new Session(directory, { connectionArgs });
    this.#session.query(setStatement(baseSettings));
  }

  /** Run a statement when those before it are done. */
  run(statement: Statement): Promise<StatementResult> {
    this.pending++;
    const result = this.#idle.then(() => this.#run(statement));
    this.#idle = result.then(
      () => this.pending--,
      () => this.pending--,
    );
    return result;
  }

  async #run(statement: Statement): Promise<StatementResult> {
    await this.#use(statement.database);
    // In one piece: by itself it is another way through the queue of threads and back, half a millisecond a question.
    const before = this.#assignments(statement);
    const result = await this.#session
      .queryAsync(before + statement.sql, { format: statement.format })
      .catch(async (error: unknown) => {
        await this.#discardAnswer();
        throw error;
      });
    for (const name of this.#changed) if (!statement.settings.has(name)) this.#changed.delete(name);
    return {
      bytes: result.bytes(),
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
      elapsedS: result.elapsed,
    };
  }

  /**
   * Forget what a statement had answered before it failed: chdb 3.4 keeps that and puts it before the answer to the session's next statement, whoever asks that.
   */
  async #discardAnswer(): Promise<void> {
    await this.#session.queryAsync("SELECT 1 FORMAT Null").catch(() => undefined);
  }

  async #use(database: string): Promise<void> {
    if (database === this.#database) return;
    await this.#session.queryAsync(`USE \`${database.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``);
    this.#database = database;
  }

  /** What has to be said before a statement so that its settings and parameters hold, and no others; empty where they do. */
  #assignments({ settings, params }: Statement): string {
    const assignments = new Map<string, string | undefined>();
    for (const name of this.#changed) assignments.set(name, baseSettings.get(name));
    for (const [name, value] of settings) assignments.set(name, value);
    for (const [name, value] of params) assignments.set(`param_${name}`, value);
    // Before they are said: a statement that fails leaves some of them set.
    for (const name of settings.keys()) this.#changed.add(name);
    return assignments.size === 0 ? "" : `${setStatement(assignments)}; `;
  }

  /** Close when the statement that runs now is done. */
  async close(): Promise<void> {
    await this.#idle;
    this.#session.close();
  }
}

/** @param assignments `undefined`: back to the engine's default */
function setStatement(assignments: ReadonlyMap<string, string | undefined>): string {
  const parts = [...assignments].map(([name, value]) => `${name} = ${value === undefined ? "DEFAULT" : quote(value)}`);
  return `SET ${parts.join(", ")}`;
}
