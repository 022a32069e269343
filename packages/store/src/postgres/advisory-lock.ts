import type { Pool, PoolClient } from "pg";

const retryMs = 1_000;
/** How often the connection is asked whether it is still there, and how long its answer may take. */
const beatMs = 5_000;
const beatTimeoutMs = 5_000;
/**
 * PostgreSQL gives the lock of a machine that vanished without a word to the next one after 15 + 3 × 5 s. That is later than such a machine,
 * where only its network is gone, has found out by itself (at most 10 s): two never believe that they have it.
 */
const keepalive = {
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "30000",
};

/** The database was this program's alone, and at the moment it is not. */
export class NotAloneError extends Error {}

/**
 * A lock of PostgreSQL that one program has for as long as it uses a database; the server gives it up when the connection
 * that holds it ends, however that comes to pass.
 *
 * States: free → held (`take`) → lost (the connection broke) → held again by itself, once PostgreSQL has noticed as well, or
 * taken by another program that was quicker, which is reported; closed for good. While it is lost, `assertNotLost` throws.
 */
export class AdvisoryLock {
  readonly #pool: Pool;
  readonly #key: number;
  #onTaken: () => void = () => {};
  #client: PoolClient | undefined;
  /** PostgreSQL's process of the connection that has the lock, or had it last. */
  #pid: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost: "no" | "broken" | "taken" = "no";
  #closed = false;

  constructor(pool: Pool, key: number) {
    this.#pool = pool;
    this.#key = key;
  }

  /**
   * @param onTaken  hears, once, that another program has the lock that this one had
   * @returns false where another program has it
   */
  async take(onTaken: () => void): Promise<boolean> {
    const holder = await this.#try();
    if (holder === "us") this.#onTaken = onTaken;
    return holder === "us";
  }

  /** @throws NotAloneError where the lock was held and is not now */
  assertNotLost(): void {
    if (this.#lost === "no") return;
    throw new NotAloneError(
      this.#lost === "broken"
        ? "the connection to the database broke; it is being made again"
        : "another msec server has taken the database over",
    );
  }

  /** Give it up; whoever asks after this has settled gets it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    // Its connection's end gives the lock up too, but only when the server notices. Where this fails, that is what happens.
    await client?.query("select pg_advisory_unlock($1)", [this.#key]).catch(() => {});
    client?.release(true);
  }

  /** @returns who has it now; `gone` where that is our own last connection, whose end PostgreSQL has not noticed yet */
  async #try(): Promise<"us" | "others" | "gone"> {
    const client = await this.#pool.connect();
    let held = false;
    try {
      // Over a unix socket these settings are ignored: there is no network to lose.
      const settings = Object.entries(keepalive).map(([name, value]) => `set_config('${name}', '${value}', false)`);
      await client.query(`select ${settings.join(", ")}`);
      const { rows } = await client.query<{ held: boolean; pid: number }>(
        "select pg_try_advisory_lock($1) as held, pg_backend_pid() as pid",
        [this.#key],
      );
      held = rows[0]?.held === true && !this.#closed;
      if (!held) return (await this.#isOurs(client)) ? "gone" : "others";
      this.#pid = rows[0]?.pid;
    } finally {
      if (!held) client.release(true);
    }
    this.#client = client;
    this.#lost = "no";
    client.on("error", () => this.#breaks(client));
    this.#beatLater(client);
    return "us";
  }

  async #isOurs(client: PoolClient): Promise<boolean> {
    if (this.#pid === undefined) return false;
    // A key of 64 bits stands there in two halves (https://www.postgresql.org/docs/current/view-pg-locks.html); ours has nothing in the upper one.
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and granted and classid = 0 and objid = $1 and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())`,
      [this.#key],
    );
    // Nobody: it was given up between the two statements.
    return rows.length === 0 || rows[0]?.pid === this.#pid;
  }

  #beatLater(client: PoolClient): void {
    this.#timer = setTimeout(() => {
      const beat = { text: "select 1", query_timeout: beatTimeoutMs };
      client.query(beat).then(
        () => this.#client === client && this.#beatLater(client),
        () => this.#breaks(client),
      );
    }, beatMs).unref();
  }

  #breaks(client: PoolClient): void {
    if (this.#client !== client) return;
    clearTimeout(this.#timer);
    this.#client = undefined;
    this.#lost = "broken";
    client.release(true);
    this.#takeBack(0);
  }

  #takeBack(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#try().then(
        (holder) => {
          if (holder === "us" || this.#closed) return;
          if (holder === "gone") {
            this.#takeBack(retryMs);
            return;
          }
          this.#lost = "taken";
          this.#onTaken();
        },
        () => this.#closed || this.#takeBack(retryMs), // PostgreSQL is not back yet; whoever uses the database says so.
      );
    }, delayMs).unref();
  }
}
