import { randomBytes } from "node:crypto";
import type { AlarmChannel, AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { DatabaseFailure, findDatabaseFailure } from "@msec/store";
import { type Kysely, sql, type Transaction } from "kysely";
import type { ServerSchema, ServerStore } from "../schema.ts";
import { type AlarmView, alarmView, type Beside } from "./alarm-view.ts";
import { alarmLimits, checkRule } from "./engine/rule.ts";
import { Source, sourceOf } from "./evaluate/read-series.ts";
import { type ChannelRow, channelLimits, checkChannel, settingsFromRow, settingsText } from "./notify/channel.ts";
import { findSecrets, sealSecrets } from "./notify/channel-secrets.ts";
import type { SecretBox } from "./notify/secret-box.ts";
import { type AlarmRow, ruleFromRow, ruleText, type SilenceRow } from "./rows.ts";

/** Silences that hold at a time. */
export const silencesMax = 500;
const commentsMax = 1_000;
/** How long alarms that have ended are kept, and how many. */
const historyMs = 90 * 86_400_000;
const historyMax = 100_000;
const forgottenAtOnce = 500;

/** Which alarms to list. */
export interface AlarmFilter {
  readonly history: boolean;
  readonly service: string;
  readonly severity: number;
  readonly ruleId: string;
  readonly unacknowledged: boolean;
  readonly beforeMs: number;
  readonly beforeId: string;
  readonly limit: number;
}

/** Alarms, rules, silences and channels in the database, as people see and change them. */
export class AlarmStore {
  readonly #store: ServerStore;
  readonly #secrets: SecretBox;
  readonly #now: () => number;

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, secrets: SecretBox, now: () => number) {
    this.#store = store;
    this.#secrets = secrets;
    this.#now = now;
  }

  /** Rules, in no particular order. */
  async listRules(): Promise<AlarmRule[]> {
    return await readRules(this.#store.db);
  }

  /**
   * Create a rule (empty id) or replace one.
   *
   * @throws RpcError InvalidArgument (names the field), NotFound, AlreadyExists (the name), ResourceExhausted (too many)
   */
  async saveRule(wanted: AlarmRule, author: string): Promise<AlarmRule> {
    const rule = checkRule(wanted);
    const id = rule.id || createId();
    const columns = {
      name: rule.name,
      enabled: rule.enabled ? 1 : 0,
      definition: ruleText({ ...rule, id }),
      updated_ms: this.#now(),
      updated_by: author,
    };
    const saved = this.#inTurn(async (transaction) => {
      const rules = await readRules(transaction);
      if (rule.id !== "" && !rules.some((other) => other.id === id)) throw noSuch("rule", rule.id);
      await assertChannels(transaction, [...rule.channelIds, ...rule.escalateChannelIds]);
      assertRoomForRule(
        rule,
        rules.filter((other) => other.id !== id),
      );
      await transaction
        .insertInto("alarm_rule")
        .values({ id, ...columns })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(columns))
        .execute();
    });
    await rejectDuplicate(saved, `a rule named ${JSON.stringify(rule.name)} exists already`);
    return { ...rule, id, updatedMs: columns.updated_ms, updatedBy: author };
  }

  /** @throws RpcError NotFound */
  async deleteRule(id: string): Promise<void> {
    const removed = await this.#store.db
      .deleteFrom("alarm_rule")
      .where("id", "=", id)
      .returning("id")
      .executeTakeFirst();
    if (removed === undefined) throw noSuch("rule", id);
  }

  /** Alarms, newest first. */
  async listAlarms(filter: AlarmFilter): Promise<{ alarms: AlarmView[]; more: boolean }> {
    let query = this.#store.db
      .selectFrom("alarm")
      .selectAll()
      .where("is_open", "=", filter.history ? 0 : 1)
      .where("severity", ">=", filter.severity);
    if (filter.ruleId !== "") query = query.where("rule_id", "=", filter.ruleId);
    if (filter.unacknowledged) query = query.where("acknowledged_ms", "=", 0);
    if (filter.service.endsWith(".*")) {
      // Not LIKE: the `_` of names is a wildcard there.
      const prefix = filter.service.slice(0, -1);
      query = query.where(sql`substr(service, 1, ${sql.lit(prefix.length)})`, "=", prefix);
    } else if (filter.service !== "") {
      query = query.where("service", "=", filter.service);
    }
    if (filter.beforeMs > 0) {
      query = query.where((where) =>
        where.or([
          where("opened_ms", "<", filter.beforeMs),
          where.and([where("opened_ms", "=", filter.beforeMs), where("id", "<", filter.beforeId)]),
        ]),
      );
    }
    const rows = await query
      .orderBy("opened_ms", "desc")
      .orderBy("id", "desc")
      .limit(filter.limit + 1)
      .execute();
    return { alarms: await this.#views(rows.slice(0, filter.limit)), more: rows.length > filter.limit };
  }

  /** One alarm's row and view, `undefined` where there is none. */
  async findAlarm(id: string): Promise<{ row: AlarmRow; view: AlarmView } | undefined> {
    const row = await this.#store.db.selectFrom("alarm").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) return undefined;
    const [view] = await this.#views([row]);
    return view === undefined ? undefined : { row, view };
  }

  /** Open alarms that another one explains. */
  async listFolded(causeId: string): Promise<AlarmView[]> {
    const rows = await this.#store.db
      .selectFrom("alarm")
      .selectAll()
      .where("is_open", "=", 1)
      .where("cause_id", "=", causeId)
      .orderBy("opened_ms", "desc")
      .limit(200)
      .execute();
    return await this.#views(rows);
  }

  /** What was sent of an alarm, newest first. */
  async listNotifications(alarmId: string) {
    return await this.#store.db
      .selectFrom("alarm_notification")
      .leftJoin("alarm_channel", "alarm_channel.id", "alarm_notification.channel_id")
      .selectAll("alarm_notification")
      .select("alarm_channel.name as channel_name")
      .where("alarm_id", "=", alarmId)
      .orderBy("created_ms", "desc")
      .limit(200)
      .execute();
  }

  /** What people said of an alarm, oldest first. */
  async listComments(alarmId: string) {
    return await this.#store.db
      .selectFrom("alarm_comment")
      .selectAll()
      .where("alarm_id", "=", alarmId)
      .orderBy("time_ms")
      .limit(commentsMax)
      .execute();
  }

  /**
   * Somebody works on these alarms. Those that are acknowledged already stay so.
   *
   * @throws RpcError NotFound (names the first unknown id)
   */
  async acknowledge(ids: readonly string[], author: string, text: string): Promise<AlarmView[]> {
    const rows = await this.#store.transaction(async (transaction) => {
      const found = await readAlarms(transaction, ids);
      for (const row of found) {
        if (row.acknowledged_ms === 0) {
          const acknowledged = { acknowledged_ms: this.#now(), acknowledged_by: author };
          await transaction.updateTable("alarm").set(acknowledged).where("id", "=", row.id).execute();
          Object.assign(row, acknowledged);
          await transaction
            .insertInto("alarm_comment")
            .values(this.#comment(row.id, author, text, true))
            .execute();
        } else if (text !== "") {
          await transaction
            .insertInto("alarm_comment")
            .values(this.#comment(row.id, author, text, false))
            .execute();
        }
      }
      return found;
    });
    return await this.#views(rows);
  }

  /** @throws RpcError NotFound, ResourceExhausted */
  async comment(id: string, author: string, text: string): Promise<void> {
    await this.#inTurn(async (transaction) => {
      const alarm = await transaction.selectFrom("alarm").select("id").where("id", "=", id).executeTakeFirst();
      if (alarm === undefined) throw noSuch("alarm", id);
      const comments = await transaction.selectFrom("alarm_comment").select("id").where("alarm_id", "=", id).execute();
      assertRoom("comments of an alarm", comments.length, commentsMax);
      await transaction
        .insertInto("alarm_comment")
        .values(this.#comment(id, author, text, false))
        .execute();
    });
  }

  /** Silences that are not over, the next to end first. */
  async listSilences(): Promise<SilenceRow[]> {
    return await readSilences(this.#store.db, this.#now());
  }

  /** @throws RpcError ResourceExhausted */
  async createSilence(wanted: Omit<SilenceRow, "id" | "from_ms" | "until_ms">, minutes: number): Promise<SilenceRow> {
    return await this.#inTurn(async (transaction) => {
      const from_ms = this.#now();
      assertRoom("silences", (await readSilences(transaction, from_ms)).length, silencesMax);
      const row = { ...wanted, id: createId(), from_ms, until_ms: from_ms + minutes * 60_000 };
      await transaction.insertInto("alarm_silence").values(row).execute();
      return row;
    });
  }

  /**
   * Keep alarms quiet: a silence for the rule and the target of each. One that holds for the same already lasts until the later of the two ends.
   *
   * @param ids  without repetition
   * @throws RpcError NotFound (names the first unknown id), ResourceExhausted; nothing is silenced then
   */
  async silenceAlarms(ids: readonly string[], comment: string, author: string, minutes: number): Promise<SilenceRow[]> {
    return await this.#inTurn(async (transaction) => {
      const from_ms = this.#now();
      const until_ms = from_ms + minutes * 60_000;
      const held = await readSilences(transaction, from_ms);
      const silences: SilenceRow[] = [];
      for (const { rule_id, service, instance, host } of await readAlarms(transaction, ids)) {
        const matcher = { rule_id, service, instance, host };
        if (silences.some((row) => isOfSame(row, matcher))) continue;
        const same = held.find((row) => isOfSame(row, matcher));
        if (same === undefined) {
          assertRoom("silences", held.length, silencesMax);
          const row = { ...matcher, id: createId(), from_ms, until_ms, comment, author };
          await transaction.insertInto("alarm_silence").values(row).execute();
          held.push(row);
          silences.push(row);
        } else {
          const longer = { until_ms: Math.max(until_ms, same.until_ms), comment: comment || same.comment, author };
          await transaction.updateTable("alarm_silence").set(longer).where("id", "=", same.id).execute();
          silences.push({ ...same, ...longer });
        }
      }
      return silences;
    });
  }

  /** @throws RpcError NotFound */
  async endSilence(id: string): Promise<void> {
    const ended = await this.#store.db
      .updateTable("alarm_silence")
      .set({ until_ms: this.#now() })
      .where("id", "=", id)
      .where("until_ms", ">", this.#now())
      .returning("id")
      .executeTakeFirst();
    if (ended === undefined) throw noSuch("silence that still holds, with the id", id);
  }

  /** Channels, in no particular order. */
  async listChannels(): Promise<ChannelRow[]> {
    return await readChannels(this.#store.db);
  }

  /** @throws RpcError NotFound */
  async getChannel(id: string): Promise<ChannelRow> {
    return await readChannel(this.#store.db, id);
  }

  /**
   * Create a channel (empty id) or replace one; secrets that are empty stay as they are.
   *
   * @throws RpcError InvalidArgument, NotFound, AlreadyExists, ResourceExhausted
   */
  async saveChannel(wanted: AlarmChannel): Promise<ChannelRow> {
    const saved = this.#inTurn(async (transaction) => {
      const before = wanted.id === "" ? undefined : await readChannel(transaction, wanted.id);
      // Secrets belong to where they are sent: another kind of channel does not inherit them.
      const kept = before?.kind === wanted.kind ? findSecrets(before, this.#secrets) : undefined;
      const { channel, secrets } = checkChannel(
        wanted,
        before === undefined || kept === undefined ? undefined : { channel: settingsFromRow(before), secrets: kept },
      );
      if (before === undefined)
        assertRoom("channels", (await readChannels(transaction)).length, channelLimits.channels);
      const columns = {
        name: channel.name,
        enabled: channel.enabled ? 1 : 0,
        kind: channel.kind,
        settings: settingsText(channel),
        secrets: sealSecrets(secrets, this.#secrets),
        updated_ms: this.#now(),
      };
      const id = wanted.id || createId();
      await transaction
        .insertInto("alarm_channel")
        .values({ id, ...columns, last_ms: 0, last_ok: 0, last_outcome: "" })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(columns))
        .execute();
      return await readChannel(transaction, id);
    });
    return await rejectDuplicate(saved, `a channel named ${JSON.stringify(wanted.name.trim())} exists already`);
  }

  /** @throws RpcError NotFound, FailedPrecondition (a rule uses it) */
  async deleteChannel(id: string): Promise<void> {
    await this.#inTurn(async (transaction) => {
      const { name } = await readChannel(transaction, id);
      const user = (await readRules(transaction)).find(
        (rule) => rule.channelIds.includes(id) || rule.escalateChannelIds.includes(id),
      );
      if (user !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `the rule ${JSON.stringify(user.name)} tells the channel ${JSON.stringify(name)}; take it out there first`,
        );
      }
      await transaction.deleteFrom("alarm_channel").where("id", "=", id).execute();
    });
  }

  /** Numbers of open alarms, and how far was judged. */
  async readStatus() {
    const open = await this.#store.db
      .selectFrom("alarm")
      .select(["severity", "acknowledged_ms", "cause_id"])
      .where("is_open", "=", 1)
      .execute();
    const roots = open.filter((row) => row.cause_id === "");
    return {
      open: roots.length,
      critical: roots.filter(({ severity }) => severity === 3).length,
      unacknowledged: roots.filter((row) => row.acknowledged_ms === 0).length,
      folded: open.length - roots.length,
      progress: await this.#store.db.selectFrom("alarm_progress").selectAll().execute(),
      overflows: await this.#store.db.selectFrom("alarm_overflow").selectAll().execute(),
    };
  }

  /** Forget alarms that ended long ago, and silences that are over. */
  async forgetOld(): Promise<void> {
    const kept = await this.#store.db
      .selectFrom("alarm")
      .select("opened_ms")
      .where("is_open", "=", 0)
      .orderBy("opened_ms", "desc")
      .offset(historyMax)
      .limit(1)
      .executeTakeFirst();
    const beforeMs = Math.max(this.#now() - historyMs, kept?.opened_ms ?? 0);
    while ((await this.#forgetSome(beforeMs)) === forgottenAtOnce);
    await this.#store.db.deleteFrom("alarm_silence").where("until_ms", "<=", beforeMs).execute();
  }

  /** @returns how many alarms were forgotten; a few at a time, as others wait for the database meanwhile */
  async #forgetSome(beforeMs: number): Promise<number> {
    return await this.#store.transaction(async (transaction) => {
      const old = await transaction
        .selectFrom("alarm")
        .select("id")
        .where("is_open", "=", 0)
        .where("opened_ms", "<=", beforeMs)
        .limit(forgottenAtOnce)
        .execute();
      const ids = old.map(({ id }) => id);
      if (ids.length > 0) {
        await transaction.deleteFrom("alarm_comment").where("alarm_id", "in", ids).execute();
        await transaction.deleteFrom("alarm_notification").where("alarm_id", "in", ids).execute();
        await transaction.deleteFrom("alarm").where("id", "in", ids).execute();
      }
      return ids.length;
    });
  }

  async #views(rows: readonly AlarmRow[]): Promise<AlarmView[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const count = sql<number>`count(*)`;
    const folded = await this.#store.db
      .selectFrom("alarm")
      .select(["cause_id as id", count.as("number")])
      .where("is_open", "=", 1)
      .where("cause_id", "in", ids)
      .groupBy("cause_id")
      .execute();
    const comments = await this.#store.db
      .selectFrom("alarm_comment")
      .select(["alarm_id as id", count.as("number")])
      .where("alarm_id", "in", ids)
      .where("text", "!=", "")
      .groupBy("alarm_id")
      .execute();
    const numbers = (found: readonly { id: string; number: number }[]) =>
      new Map(found.map(({ id, number }) => [id, Number(number)]));
    const beside: Beside = {
      silences: await this.listSilences(),
      foldedBy: numbers(folded),
      commentsOf: numbers(comments),
      nowMs: this.#now(),
    };
    return rows.map((row) => alarmView(row, beside));
  }

  #comment(alarmId: string, author: string, text: string, acknowledges: boolean) {
    return {
      id: createId(),
      alarm_id: alarmId,
      time_ms: this.#now(),
      author,
      text,
      acknowledges: acknowledges ? 1 : 0,
    };
  }

  /** A transaction of whoever counts before it writes: one after the other, on every engine. */
  async #inTurn<Result>(work: (transaction: Transaction<ServerSchema>) => Promise<Result>): Promise<Result> {
    return await this.#store.transaction(async (transaction) => {
      await transaction
        .updateTable("alarm_turn")
        .set((row) => ({ turn: row("turn", "+", 1) }))
        .execute();
      return await work(transaction);
    });
  }
}

type Database = Kysely<ServerSchema>;

async function readRules(db: Database): Promise<AlarmRule[]> {
  return (await db.selectFrom("alarm_rule").selectAll().execute()).map(ruleFromRow);
}

async function readAlarms(db: Database, ids: readonly string[]): Promise<AlarmRow[]> {
  const found = await db.selectFrom("alarm").selectAll().where("id", "in", ids).execute();
  const missing = ids.find((id) => !found.some((row) => row.id === id));
  if (missing !== undefined) throw noSuch("alarm", missing);
  return found;
}

type Matcher = Pick<SilenceRow, "rule_id" | "service" | "instance" | "host">;

function isOfSame(one: Matcher, other: Matcher): boolean {
  return (["rule_id", "service", "instance", "host"] as const).every((part) => one[part] === other[part]);
}

async function readSilences(db: Database, nowMs: number): Promise<SilenceRow[]> {
  return await db.selectFrom("alarm_silence").selectAll().where("until_ms", ">", nowMs).orderBy("until_ms").execute();
}

async function readChannels(db: Database): Promise<ChannelRow[]> {
  return await db.selectFrom("alarm_channel").selectAll().execute();
}

async function readChannel(db: Database, id: string): Promise<ChannelRow> {
  const row = await db.selectFrom("alarm_channel").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw noSuch("channel", id);
  return row;
}

async function assertChannels(db: Database, ids: readonly string[]): Promise<void> {
  const known = new Set((await readChannels(db)).map(({ id }) => id));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw noSuch("channel", missing);
}

function assertRoomForRule(rule: AlarmRule, others: readonly AlarmRule[]): void {
  assertRoom("rules", others.length, alarmLimits.rules);
  const isExact = rule.service !== "" && !rule.service.endsWith("*");
  const ofService = others.filter(({ service }) => isExact && service === rule.service);
  assertRoom(`rules of ${rule.service}`, ofService.length, alarmLimits.rulesOfService);
  const source = sourceOf(rule);
  const ofSource = others.filter((other) => sourceOf(other) === source);
  if (source === Source.Log) assertRoom("rules on log lines", ofSource.length, alarmLimits.logRules);
  if (source === Source.LogPattern) {
    assertRoom("rules with regular expressions", ofSource.length, alarmLimits.patternRules);
  }
}

function createId(): string {
  return randomBytes(8).toString("hex");
}

function assertRoom(what: string, found: number, max: number): void {
  if (found >= max) throw new RpcError(Code.ResourceExhausted, `there are ${found} ${what}: at most ${max}`);
}

function noSuch(what: string, id: string): RpcError {
  return new RpcError(Code.NotFound, `there is no ${what} ${JSON.stringify(id.slice(0, 80))}`);
}

async function rejectDuplicate<Result>(work: Promise<Result>, message: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (findDatabaseFailure(error) === DatabaseFailure.Unique) throw new RpcError(Code.AlreadyExists, message);
    throw error;
  }
}
