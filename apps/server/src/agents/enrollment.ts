import { randomBytes } from "node:crypto";
import { Code, RpcError } from "@msec/rpc";
import { DatabaseFailure, findDatabaseFailure } from "@msec/store";
import type { Transaction } from "kysely";
import type { ServerSchema, ServerStore } from "../schema.ts";
import { createToken, hashToken } from "../session/token.ts";

/** How long an enrolment token can be used, milliseconds. */
export const enrollTokenLifeMs = 15 * 60_000;

/** What an agent says when it enrols, checked already. */
export interface EnrollingHost {
  readonly token: string;
  readonly name: string;
  readonly address: string;
  /** SHA-256 of the certificate that it presented on the connection, hex. */
  readonly fingerprint: string;
}

/** Gives what one host has to another inside the transaction that replaces it: capabilities that refer to hosts do. */
export type HostReplaced = (transaction: Transaction<ServerSchema>, from: string, to: string) => Promise<void>;

/** One-time tokens with which agents get an identity. */
export class Enrollment {
  readonly #store: ServerStore;
  readonly #now: () => number;
  readonly #hostReplaced: HostReplaced;

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number, hostReplaced: HostReplaced) {
    this.#store = store;
    this.#now = now;
    this.#hostReplaced = hostReplaced;
  }

  /**
   * Make a token.
   *
   * @param hostName  the only host that may use it; "" for any
   */
  async createToken(hostName: string): Promise<{ token: string; expiresMs: number }> {
    const token = createToken();
    const expiresMs = this.#now() + enrollTokenLifeMs;
    await this.#store.transaction(async (transaction) => {
      await transaction.deleteFrom("enroll_token").where("expires_ms", "<=", this.#now()).execute();
      const row = { hash: hashToken(token), host_name: hostName, expires_ms: expiresMs };
      await transaction.insertInto("enroll_token").values(row).execute();
    });
    return { token, expiresMs };
  }

  /**
   * Trade a token for an identity. The token is used up by success only: an agent whose name was taken may try again.
   *
   * A host of the same name is replaced if the token was made for that name: it was set up anew. It gets a new id all
   * the same, as its telemetry's sequence begins anew, and keeps its instances; the old key is worth nothing any more.
   *
   * @returns the host's id: random, never given twice
   * @throws RpcError Unauthenticated (no such token), PermissionDenied (it is for another host), AlreadyExists (the name
   *   is taken and the token is for any host; or the key belongs to a host already)
   */
  async enroll(host: EnrollingHost): Promise<string> {
    const id = randomBytes(16).toString("hex");
    try {
      await this.#store.transaction(async (transaction) => {
        const hostName = await this.#useToken(transaction, host);
        const { name, address, fingerprint } = host;
        const old = await transaction.selectFrom("host").select("id").where("name", "=", name).executeTakeFirst();
        if (old !== undefined && hostName === "") {
          throw new RpcError(
            Code.AlreadyExists,
            `a host ${name} is enrolled already; to replace it, use a token that was made for that name`,
          );
        }
        if (old !== undefined) {
          await transaction
            .updateTable("host")
            .set({ name: `${old.id} (replaced)` })
            .where("id", "=", old.id)
            .execute();
        }
        await transaction
          .insertInto("host")
          .values({ id, name, address, fingerprint, enrolled_ms: this.#now() })
          .execute();
        if (old !== undefined) {
          await this.#hostReplaced(transaction, old.id, id);
          await transaction.deleteFrom("host").where("id", "=", old.id).execute();
        }
      });
    } catch (error) {
      if (findDatabaseFailure(error) === DatabaseFailure.Unique) {
        throw new RpcError(Code.AlreadyExists, "this key or this name belongs to an enrolled host already");
      }
      throw error;
    }
    return id;
  }

  async #useToken(transaction: Transaction<ServerSchema>, { token, name }: EnrollingHost): Promise<string> {
    const used = await transaction
      .deleteFrom("enroll_token")
      .where("hash", "=", hashToken(token))
      .returning(["host_name", "expires_ms"])
      .executeTakeFirst();
    if (used === undefined || used.expires_ms <= this.#now()) {
      throw new RpcError(Code.Unauthenticated, "this enrolment token is unknown, used or expired; get a new one");
    }
    if (used.host_name !== "" && used.host_name !== name) {
      throw new RpcError(Code.PermissionDenied, `this enrolment token is for another host than ${name}`);
    }
    return used.host_name;
  }
}
