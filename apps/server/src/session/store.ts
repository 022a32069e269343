import type { ServerStore } from "../schema.ts";
import { createToken, hashToken } from "./token.ts";

/** How long a sign-in token can be used, milliseconds. */
export const signInTokenLifeMs = 30 * 60_000;
/** A session that nobody used for this long is over, milliseconds. */
export const sessionIdleMs = 30 * 60_000;
/** A session is over after this however much it was used, milliseconds. */
export const sessionLifeMs = 12 * 3_600_000;
// Writing each use down would be a commit for each request.
const usePrecisionMs = 60_000;

/** One session, as far as the rest of the server may know it. */
export interface Session {
  /** Names the session; not the secret. */
  readonly hash: string;
  /** When it ends unless it is used, milliseconds since 1970 UTC. */
  readonly expiresMs: number;
  /** Who signed in, as the token's maker named them. */
  readonly name: string;
}

/** Sign-in tokens and sessions in the database. */
export class SessionStore {
  readonly #store: ServerStore;
  readonly #now: () => number;

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Make a one-time sign-in token.
   *
   * @param name  who will sign in with it; see `personName`
   */
  async createSignInToken(name: string): Promise<{ token: string; expiresMs: number }> {
    const token = createToken();
    const expiresMs = this.#now() + signInTokenLifeMs;
    await this.#store.transaction(async (transaction) => {
      await transaction.deleteFrom("sign_in_token").where("expires_ms", "<=", this.#now()).execute();
      await transaction
        .insertInto("sign_in_token")
        .values({ hash: hashToken(token), expires_ms: expiresMs, name })
        .execute();
    });
    return { token, expiresMs };
  }

  /**
   * Trade a sign-in token for a session: the token is gone, whoever else tries it at the same time.
   *
   * @returns the session's secret, `undefined` where the token is unknown, used or expired
   */
  async signIn(token: string): Promise<string | undefined> {
    const secret = createToken();
    const now = this.#now();
    return await this.#store.transaction(async (transaction) => {
      const used = await transaction
        .deleteFrom("sign_in_token")
        .where("hash", "=", hashToken(token))
        .returning(["expires_ms", "name"])
        .executeTakeFirst();
      if (used === undefined || used.expires_ms <= now) {
        return undefined;
      }
      await transaction
        .deleteFrom("session")
        .where((row) =>
          row.or([row("used_ms", "<=", now - sessionIdleMs), row("created_ms", "<=", now - sessionLifeMs)]),
        )
        .execute();
      await transaction
        .insertInto("session")
        .values({ hash: hashToken(secret), created_ms: now, used_ms: now, name: used.name })
        .execute();
      return secret;
    });
  }

  /** The session of a secret, which counts as a use of it; `undefined` where there is none or it is over. */
  async findSession(secret: string): Promise<Session | undefined> {
    const hash = hashToken(secret);
    const now = this.#now();
    const row = await this.#store.db.selectFrom("session").selectAll().where("hash", "=", hash).executeTakeFirst();
    if (row === undefined || row.used_ms + sessionIdleMs <= now || row.created_ms + sessionLifeMs <= now) {
      return undefined;
    }
    if (row.used_ms + usePrecisionMs <= now) {
      await this.#store.db.updateTable("session").set({ used_ms: now }).where("hash", "=", hash).execute();
      row.used_ms = now;
    }
    return { hash, name: row.name, expiresMs: Math.min(row.used_ms + sessionIdleMs, row.created_ms + sessionLifeMs) };
  }

  /** End a session. */
  async signOut(hash: string): Promise<void> {
    await this.#store.db.deleteFrom("session").where("hash", "=", hash).execute();
  }
}
