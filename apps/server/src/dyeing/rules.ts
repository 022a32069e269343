import { randomBytes } from "node:crypto";
import { Code, RpcError } from "@msec/rpc";
import type { Selectable } from "kysely";
import { Waiters } from "../agents/waiters.ts";
import { assertServiceName } from "../registry/service-name.ts";
import type { ServerStore } from "../schema.ts";
import type { DyeingTables } from "./schema.ts";

/** A row of `dye_rule`. */
export type DyeRuleRow = Selectable<DyeingTables["dye_rule"]>;

/** A new rule as a person asks for it. */
export interface NewDyeRule {
  readonly field: string;
  readonly value: string;
  readonly service: string;
  readonly caller: string;
  readonly durationS: number;
  readonly note: string;
  readonly createdBy: string;
}

/** Rules at once: each request of every service is compared with each of them. */
export const activeRulesMax = 20;
const durationDefaultS = 600;
const durationMinS = 10;
const durationMaxS = 86_400;
const keptMs = 86_400_000;

/**
 * Dye rules: in the database, and in memory for who waits for them.
 *
 * A rule is `active` until its time is over or somebody ends it; rows of ended ones go after a day.
 */
export class DyeRules {
  readonly #store: ServerStore;
  readonly #now: () => number;
  readonly #waiters = new Waiters();
  /** Host → the version that its agent has. */
  readonly #applied = new Map<string, string>();
  #rules: DyeRuleRow[] = [];
  #version = "";
  #changing: Promise<unknown> = Promise.resolve();

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Read them from the database; called at start and after each change. */
  async load(): Promise<void> {
    this.#rules = await this.#store.db
      .selectFrom("dye_rule")
      .selectAll()
      .where("expires_ms", ">", this.#now())
      .orderBy("created_ms", "desc")
      .execute();
    // New at each load: a version that somebody has from an earlier life of the database means nothing.
    this.#version = randomBytes(8).toString("hex");
    this.#waiters.wake();
  }

  get version(): string {
    return this.#version;
  }

  /** The rules that hold now. */
  active(): DyeRuleRow[] {
    const nowMs = this.#now();
    return this.#rules.filter((rule) => rule.expires_ms > nowMs);
  }

  /** Milliseconds for which a rule still holds. */
  remainingMs(rule: DyeRuleRow): number {
    return Math.max(1, rule.expires_ms - this.#now());
  }

  /** Wait for a change; see `Waiters.wait`. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return await this.#waiters.wait(timeoutMs, signal);
  }

  /** A host's agent has this version. */
  acknowledged(hostId: string, version: string): void {
    this.#applied.set(hostId, version);
  }

  /** A host was removed. */
  forget(hostId: string): void {
    this.#applied.delete(hostId);
  }

  /** Whether a host's agent has the newest rules. */
  isApplied(hostId: string): boolean {
    return this.#applied.get(hostId) === this.#version;
  }

  /** Rules that hold, and those of the last day, newest first, at most 200. */
  async list(): Promise<DyeRuleRow[]> {
    return await this.#store.db
      .selectFrom("dye_rule")
      .selectAll()
      .where("expires_ms", ">", this.#now() - keptMs)
      .orderBy("created_ms", "desc")
      .limit(200)
      .execute();
  }

  /**
   * Add a rule.
   *
   * @throws RpcError InvalidArgument, ResourceExhausted
   */
  async create(rule: NewDyeRule): Promise<DyeRuleRow> {
    assertRule(rule);
    return await this.#alone(async () => {
      if (this.active().length >= activeRulesMax) {
        throw new RpcError(Code.ResourceExhausted, `${activeRulesMax} dye rules hold already; end one first`);
      }
      const createdMs = this.#now();
      const row: DyeRuleRow = {
        id: randomBytes(6).toString("hex"),
        field: rule.field,
        value: rule.value,
        service: rule.service,
        caller: rule.caller,
        note: rule.note,
        created_ms: createdMs,
        expires_ms: createdMs + (rule.durationS || durationDefaultS) * 1_000,
        created_by: rule.createdBy,
      };
      await this.#store.db
        .deleteFrom("dye_rule")
        .where("expires_ms", "<", createdMs - keptMs)
        .execute();
      await this.#store.db.insertInto("dye_rule").values(row).execute();
      await this.load();
      return row;
    });
  }

  /**
   * End a rule now; one that has ended stays as it is.
   *
   * @throws RpcError NotFound
   */
  async end(id: string): Promise<void> {
    await this.#alone(async () => {
      const rule = await this.#store.db
        .selectFrom("dye_rule")
        .selectAll()
        .where("id", "=", id.slice(0, 40))
        .executeTakeFirst();
      if (rule === undefined)
        throw new RpcError(Code.NotFound, `there is no dye rule ${JSON.stringify(id.slice(0, 40))}`);
      const nowMs = this.#now();
      if (rule.expires_ms <= nowMs) return;
      await this.#store.db.updateTable("dye_rule").set({ expires_ms: nowMs }).where("id", "=", rule.id).execute();
      await this.load();
    });
  }

  // Two at once could each see room for one more.
  async #alone<Answer>(change: () => Promise<Answer>): Promise<Answer> {
    const mine = this.#changing.then(change);
    this.#changing = mine.catch(() => {}); // The caller gets the error; the next change is not held up by it.
    return await mine;
  }
}

function assertRule({ field, value, service, caller, durationS, note }: NewDyeRule): void {
  const refuse = (message: string) => new RpcError(Code.InvalidArgument, message);
  if (field === "" && caller === "") throw refuse("field and caller are empty: the rule would dye every request");
  if (field === "" && value !== "") throw refuse("value has no field to be compared with");
  if (field !== "" && !/^[\p{L}_][\p{L}\p{N}_.-]{0,127}$/u.test(field)) {
    throw refuse(
      `field ${JSON.stringify(field.slice(0, 80))} must be a letter or _, then letters, digits, _ . -, at most 128 characters`,
    );
  }
  if (value.length > 256) throw refuse(`value has ${value.length} characters: at most 256`);
  if (note.length > 200) throw refuse(`note has ${note.length} characters: at most 200`);
  if (service !== "") assertServiceName(service);
  if (caller.length > 256) throw refuse(`caller has ${caller.length} characters: at most 256`);
  if (durationS !== 0 && (durationS < durationMinS || durationS > durationMaxS)) {
    throw refuse(`duration_s ${durationS} must be ${durationMinS}…${durationMaxS}`);
  }
}
