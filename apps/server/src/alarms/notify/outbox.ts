import { randomBytes } from "node:crypto";
import { AlarmDelivery } from "@msec/api/console/v1/alarms_pb.js";
import type { Log } from "@msec/process";
import type { ExpressionBuilder, Transaction } from "kysely";
import type { ServerSchema, ServerStore } from "../../schema.ts";
import { type Lease, LeaseLost } from "../evaluate/lease.ts";
import type { AddressGuard } from "./address-guard.ts";
import { type ChannelRow, type ChannelSecrets, settingsFromRow } from "./channel.ts";
import { secretsFromRow } from "./channel-secrets.ts";
import { DeliveryFailed } from "./delivery-failed.ts";
import { messageOf } from "./message.ts";
import { planMessages, type Waiting } from "./plan-messages.ts";
import type { SecretBox } from "./secret-box.ts";
import { send } from "./senders.ts";

/** The time over which a channel's messages are counted. */
const rateWindowMs = 600_000;
const sendTimeoutMs = 10_000;
/** A message whose sender died is tried again after this long. */
const claimMs = 60_000;
const firstBackOffMs = 5_000;
const maxAttempts = 5;
/** What is due later than any attempt can be was put down before the clock was set back: it is due now. */
const longestWaitMs = firstBackOffMs * 4 ** (maxAttempts - 1);
/** Messages of one channel at once. */
const maxAtOnce = 4;
const maxRowsARound = 2_000;

/** What the outbox works with. */
export interface OutboxParts {
  readonly store: ServerStore;
  readonly lease: Lease;
  readonly secrets: SecretBox;
  readonly guard: AddressGuard;
  readonly log: Log;
  readonly now: () => number;
  /** For links in messages; empty: none. */
  readonly consoleUrl: string;
}

interface Claimed {
  readonly channel: ChannelRow;
  readonly messageId: string;
  readonly waiting: readonly Waiting[];
}

/**
 * Sends what is due, by whoever holds the lease. A message is claimed in a fenced transaction, then sent, then its outcome is written: a
 * sender that dies in between leaves it to be sent again under the same id.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  /** Channels that are being sent to: one that does not answer holds up only itself. */
  readonly #busy = new Set<string>();
  #claiming: Promise<unknown> = Promise.resolve();
  /** Of messages that are tried again: whom they reached, by the message's id. */
  readonly #reached = new Map<string, Set<string>>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /**
   * Send everything that is due now, but for channels that an earlier call is still sending to; to be called every few seconds.
   *
   * @returns how many messages were sent or failed
   */
  async deliver(): Promise<number> {
    // One after the other: what is claimed makes its channel busy for the next one.
    const claiming = this.#claiming.then(() => this.#claim());
    this.#claiming = claiming.catch(() => {}); // The caller gets the error.
    const claimed = await claiming;
    const byChannel = Map.groupBy(claimed, ({ channel }) => channel.id);
    await Promise.all([...byChannel].map(([id, ofChannel]) => this.#sendToChannel(id, ofChannel)));
    return claimed.length;
  }

  async #sendToChannel(channelId: string, claimed: readonly Claimed[]): Promise<void> {
    const queue = [...claimed];
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await this.#sendClaimed(next);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(maxAtOnce, queue.length) }, work));
    } finally {
      this.#busy.delete(channelId);
    }
  }

  async #claim(): Promise<Claimed[]> {
    const { store, lease, now } = this.#parts;
    const busy = [...this.#busy];
    const due = await store.db
      .selectFrom("alarm_notification")
      .select("id")
      .where("delivery", "=", AlarmDelivery.PENDING)
      .where(isDue(now()))
      .$if(busy.length > 0, (query) => query.where("channel_id", "not in", busy))
      .limit(1)
      .execute();
    if (due.length === 0) return [];
    try {
      const claimed = await store.transaction(async (transaction) => {
        await lease.fence(transaction);
        const rows = await transaction
          .selectFrom("alarm_notification")
          .selectAll()
          .where("delivery", "=", AlarmDelivery.PENDING)
          .where(isDue(now()))
          .$if(busy.length > 0, (query) => query.where("channel_id", "not in", busy))
          .orderBy("created_ms")
          .limit(maxRowsARound)
          .execute();
        const claimed: Claimed[] = [];
        for (const [channelId, ofChannel] of Map.groupBy(rows, (row) => row.channel_id)) {
          claimed.push(...(await this.#claimChannel(transaction, channelId, ofChannel)));
        }
        return claimed;
      });
      for (const { channel } of claimed) this.#busy.add(channel.id);
      return claimed;
    } catch (error) {
      if (error instanceof LeaseLost) return [];
      throw error;
    }
  }

  /** Claim what a channel may send now. Of one that was removed, or is off, everything that waits has failed. */
  async #claimChannel(
    transaction: Transaction<ServerSchema>,
    channelId: string,
    rows: readonly Waiting["row"][],
  ): Promise<Claimed[]> {
    const { now } = this.#parts;
    const channel = await transaction
      .selectFrom("alarm_channel")
      .selectAll()
      .where("id", "=", channelId)
      .executeTakeFirst();
    if (channel === undefined || channel.enabled === 0) {
      const outcome = channel === undefined ? "the channel was removed" : "the channel is off";
      await transaction
        .updateTable("alarm_notification")
        .set({ delivery: AlarmDelivery.FAILED, done_ms: now(), outcome })
        .where("channel_id", "=", channelId)
        .where("delivery", "=", AlarmDelivery.PENDING)
        .execute();
      return [];
    }
    const waiting = await withAlarms(transaction, rows);
    const room = settingsFromRow(channel).maxPerTenMinutes - (await this.#messagesLately(transaction, channelId));
    const messages = planMessages(waiting, room, () => randomBytes(8).toString("hex"));
    for (const message of messages) {
      const ids = message.waiting.map(({ row }) => row.id);
      await transaction
        .updateTable("alarm_notification")
        .set((row) => ({ message_id: message.id, attempts: row("attempts", "+", 1), due_ms: now() + claimMs }))
        .where("id", "in", ids)
        .execute();
    }
    return messages.map((message) => ({ channel, messageId: message.id, waiting: message.waiting }));
  }

  /** How many messages of a channel were sent, or failed, in the last ten minutes. */
  async #messagesLately(transaction: Transaction<ServerSchema>, channelId: string): Promise<number> {
    const nowMs = this.#parts.now();
    // A digest is one message, however many rows of the table it answers.
    const { messages } = await transaction
      .selectFrom("alarm_notification")
      .select((select) => select.fn.count<number>("message_id").distinct().as("messages"))
      .where("channel_id", "=", channelId)
      .where("message_id", "!=", "")
      .where("done_ms", ">", nowMs - rateWindowMs)
      // The clock may have been set back since: what is still to come does not count.
      .where("done_ms", "<=", nowMs)
      .executeTakeFirstOrThrow();
    return Number(messages);
  }

  async #sendClaimed({ channel, messageId, waiting }: Claimed): Promise<void> {
    const { store, log, now, consoleUrl } = this.#parts;
    const settings = settingsFromRow(channel);
    const language = settings.language === "zh" ? "zh" : "en";
    const told = waiting.map(({ row, alarm }) => ({ row: alarm, event: row.event }));
    const attempts = Math.max(...waiting.map(({ row }) => row.attempts)) + 1;
    const ids = waiting.map(({ row }) => row.id);
    let outcome: string;
    let isSent = false;
    let isOver = true;
    const reached = this.#reached.get(messageId) ?? new Set<string>();
    try {
      const secrets = secretsFromRow(channel, this.#parts.secrets);
      outcome = await this.sendNow(settings, secrets, messageOf(messageId, told, language, consoleUrl), reached);
      isSent = true;
    } catch (error) {
      outcome = outcomeOf(error);
      isOver = attempts >= maxAttempts || (error instanceof DeliveryFailed && error.lasting);
      log[isOver ? "error" : "warn"](`a notification could not be sent${isOver ? "" : "; it will be tried again"}`, {
        channel: channel.name,
        attempts,
        outcome,
      });
    }
    if (isOver) this.#reached.delete(messageId);
    else if (reached.size > 0) this.#reached.set(messageId, reached);
    const done = isSent ? (ids.length > 1 ? AlarmDelivery.DIGEST : AlarmDelivery.SENT) : AlarmDelivery.FAILED;
    await store.db
      .updateTable("alarm_notification")
      .set(
        isOver
          ? { delivery: done, done_ms: now(), outcome }
          : { due_ms: now() + firstBackOffMs * 4 ** (attempts - 1), outcome },
      )
      .where("id", "in", ids)
      .execute();
    await this.noteOutcome(channel.id, isSent, outcome);
  }

  /** Send one message now, past the queue: for tests of channels. @throws DeliveryFailed */
  async sendNow(
    settings: Parameters<typeof send>[0],
    secrets: ChannelSecrets,
    message: Parameters<typeof send>[2],
    reached = new Set<string>(),
  ): Promise<string> {
    const { guard, now } = this.#parts;
    return await send(settings, secrets, message, { guard, nowMs: now(), timeoutMs: sendTimeoutMs, reached });
  }

  /** Write down how the last attempt of a channel went. */
  async noteOutcome(channelId: string, isOk: boolean, outcome: string): Promise<void> {
    await this.#parts.store.db
      .updateTable("alarm_channel")
      .set({ last_ms: this.#parts.now(), last_ok: isOk ? 1 : 0, last_outcome: outcome })
      .where("id", "=", channelId)
      .execute();
  }
}

function isDue(nowMs: number) {
  return (where: ExpressionBuilder<ServerSchema, "alarm_notification">) =>
    where.or([where("due_ms", "<=", nowMs), where("due_ms", ">", nowMs + longestWaitMs)]);
}

/** Notifications with their alarms; those whose alarm is forgotten are left out. */
async function withAlarms(transaction: Transaction<ServerSchema>, rows: readonly Waiting["row"][]): Promise<Waiting[]> {
  const alarms = await transaction
    .selectFrom("alarm")
    .selectAll()
    .where("id", "in", [...new Set(rows.map((row) => row.alarm_id))])
    .execute();
  const byId = new Map(alarms.map((row) => [row.id, row]));
  return rows.flatMap((row) => {
    const alarm = byId.get(row.alarm_id);
    return alarm === undefined ? [] : [{ row, alarm }];
  });
}

/** Why a message did not get through, for people; nothing of an unexpected error is told. */
export function outcomeOf(error: unknown): string {
  return error instanceof DeliveryFailed ? error.message : "failed because of a defect of msec; see the server's log";
}
