import type { Transaction } from "kysely";
import type { ServerSchema, ServerStore } from "../../schema.ts";

const leaseName = "evaluator";

/** Thrown inside a transaction of a holder whose lease went to another. Everything is undone. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

interface HeldLease {
  readonly token: number;
  readonly expiresMs: number;
  readonly sinceMs: number;
}

/**
 * The right to judge and to send, held by one server at a time. A row with holder, expiry and a token that rises with each
 * new holder; each transaction of a holder first proves that the row is still its own, so that one that slept writes nothing.
 */
export class Lease {
  readonly #store: ServerStore;
  readonly #holder: string;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  readonly #durationMs: number;
  /** As another held it when it was last seen to change. */
  #seen: HeldLease | undefined;
  #token: number | undefined;

  /**
   * @param holder      identifies this server; no other has the same
   * @param now         milliseconds since 1970 UTC
   * @param elapsed     milliseconds since whenever, of a clock that nobody sets
   * @param durationMs  after this long without renewal another server may take it
   */
  constructor(store: ServerStore, holder: string, now: () => number, elapsed: () => number, durationMs: number) {
    this.#store = store;
    this.#holder = holder;
    this.#now = now;
    this.#elapsed = elapsed;
    this.#durationMs = durationMs;
  }

  /** Take or renew it. @returns whether it is ours now */
  async take(): Promise<boolean> {
    const now = this.#now();
    const expires_ms = now + this.#durationMs;
    if (this.#token !== undefined) {
      const renewed = await this.#store.db
        .updateTable("alarm_lease")
        .set({ expires_ms })
        .where("name", "=", leaseName)
        .where("holder", "=", this.#holder)
        .where("token", "=", this.#token)
        .returning("token")
        .executeTakeFirst();
      if (renewed !== undefined) return true;
      this.#token = undefined;
    }
    const held = await this.#findAbandoned();
    const taken = await this.#store.db
      .updateTable("alarm_lease")
      .set((row) => ({ holder: this.#holder, expires_ms, token: row("token", "+", 1) }))
      .where("name", "=", leaseName)
      .where((where) =>
        where.or([
          where("expires_ms", "<=", now),
          where("holder", "=", this.#holder),
          ...(held === undefined
            ? []
            : [where.and([where("token", "=", held.token), where("expires_ms", "=", held.expiresMs)])]),
        ]),
      )
      .returning("token")
      .executeTakeFirst();
    this.#token = taken?.token;
    return taken !== undefined;
  }

  /**
   * The lease as another holds it, where that one did not renew it for as long as it lasts. Its expiry alone does not tell: where the clock was set back since, it lies
   * hours ahead.
   */
  async #findAbandoned(): Promise<HeldLease | undefined> {
    const row = await this.#store.db
      .selectFrom("alarm_lease")
      .select(["token", "expires_ms"])
      .where("name", "=", leaseName)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const isSame = row.token === this.#seen?.token && row.expires_ms === this.#seen.expiresMs;
    if (!isSame) this.#seen = { token: row.token, expiresMs: row.expires_ms, sinceMs: this.#elapsed() };
    return isSame && this.#elapsed() >= this.#seen!.sinceMs + this.#durationMs ? this.#seen : undefined;
  }

  /**
   * Prove in a running transaction that the lease is still ours; until it ends nobody else can take it.
   *
   * @throws LeaseLost
   */
  async fence(transaction: Transaction<ServerSchema>): Promise<void> {
    const mine = await transaction
      .updateTable("alarm_lease")
      .set({ expires_ms: this.#now() + this.#durationMs })
      .where("name", "=", leaseName)
      .where("holder", "=", this.#holder)
      .where("token", "=", this.#token ?? -1)
      .returning("token")
      .executeTakeFirst();
    if (mine === undefined) throw new LeaseLost("another server judges alarms now");
  }

  /** Let another server take it at once. */
  async release(): Promise<void> {
    if (this.#token === undefined) return;
    await this.#store.db
      .updateTable("alarm_lease")
      .set({ expires_ms: 0 })
      .where("name", "=", leaseName)
      .where("holder", "=", this.#holder)
      .where("token", "=", this.#token)
      .execute();
    this.#token = undefined;
  }
}
