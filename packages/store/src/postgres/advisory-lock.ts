import type { Pool, PoolClient } from "pg";

const retryMs = 1_000;

/**
 * A lock of PostgreSQL that one program has for as long as it uses a database; the server gives it up when the connection
 * that holds it ends, however that comes to pass.
 *
 * States: free → held (`take`) → lost (the connection broke) → held again by itself, or reported if another program was
 * quicker; closed for good.
 */
export class AdvisoryLock {
  readonly #pool: Pool;
  readonly #key: number;
  readonly #onTaken: (error: Error) => void;
  #client: PoolClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onTaken  hears that another program has the lock that this one had */
  constructor(pool: Pool, key: number, onTaken: (error: Error) => void) {
    this.#pool = pool;
    this.#key = key;
    this.#onTaken = onTaken;
  }

  /** @returns false where another program has it */
  async take(): Promise<boolean> {
    const client = await this.#pool.connect();
    const { rows } = await client
      .query<{ held: boolean }>("select pg_try_advisory_lock($1) as held", [this.#key])
      .catch((error: unknown) => {
        client.release(true);
        throw error;
      });
    if (rows[0]?.held !== true || this.#closed) {
      client.release(true);
      return false;
    }
    this.#client = client;
    client.on("error", () => this.#lost(client));
    return true;
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

  #lost(client: PoolClient): void {
    if (this.#client === client) {
      this.#client = undefined;
      client.release(true);
      this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#timer = setTimeout(() => {
      this.take().then(
        (held) => {
          if (!held && !this.#closed) {
            this.#onTaken(
              new Error("another program has taken the database while the connection was broken; stop one of them"),
            );
            this.#retryLater();
          }
        },
        () => this.#retryLater(), // PostgreSQL is not back yet; whoever uses the database says so.
      );
    }, retryMs).unref();
  }
}
