import { randomBytes } from "node:crypto";
import { AlarmDelivery, AlarmEvent } from "@msec/api/console/v1/alarms_pb.js";
import type { Transaction } from "kysely";
import type { ServerSchema } from "../../schema.ts";
import { type AlarmRow, isSilenced, ruleFromText } from "../rows.ts";
import { settingsFromRow } from "./channel.ts";

/**
 * Write down whom to tell of open alarms, in the transaction that opened them: of those that nobody was told of and that are not
 * acknowledged, silenced or folded; and whom to tell too of those that nobody acknowledged in time.
 *
 * @param open  with their causes as they are now
 */
export async function enqueueDue(
  transaction: Transaction<ServerSchema>,
  open: readonly AlarmRow[],
  nowMs: number,
): Promise<void> {
  const waiting = open.filter(
    (row) => row.acknowledged_ms === 0 && row.cause_id === "" && (row.notified_ms === 0 || row.escalated_ms === 0),
  );
  if (waiting.length === 0) return;
  const silences = await transaction.selectFrom("alarm_silence").selectAll().where("until_ms", ">", nowMs).execute();
  const channels = await readChannels(transaction);
  for (const row of waiting) {
    if (silences.some((silence) => isSilenced(row, silence, nowMs))) continue;
    const rule = ruleFromText(row.definition);
    if (row.notified_ms === 0) {
      await enqueue(transaction, row, AlarmEvent.OPENED, rule.channelIds, channels, nowMs);
      await transaction.updateTable("alarm").set({ notified_ms: nowMs }).where("id", "=", row.id).execute();
    } else if (rule.escalateMinutes > 0 && nowMs >= row.notified_ms + rule.escalateMinutes * 60_000) {
      await enqueue(transaction, row, AlarmEvent.ESCALATED, rule.escalateChannelIds, channels, nowMs);
      await transaction.updateTable("alarm").set({ escalated_ms: nowMs }).where("id", "=", row.id).execute();
    }
  }
}

/** Tell of the end of alarms whoever was told of them, where the channel wants it. */
export async function enqueueEnded(
  transaction: Transaction<ServerSchema>,
  ids: readonly string[],
  nowMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  const channels = await readChannels(transaction);
  for (const id of ids) {
    const told = await transaction
      .selectFrom("alarm_notification")
      .select("channel_id")
      .distinct()
      .where("alarm_id", "=", id)
      .execute();
    const row = await transaction.selectFrom("alarm").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const wanting = told.map(({ channel_id }) => channel_id).filter((channel) => channels.get(channel)?.sendResolved);
    await enqueue(transaction, row, AlarmEvent.RESOLVED, wanting, channels, nowMs);
  }
}

interface ChannelSwitches {
  readonly minSeverity: number;
  readonly sendResolved: boolean;
}

/** The channels that are on. */
async function readChannels(transaction: Transaction<ServerSchema>): Promise<Map<string, ChannelSwitches>> {
  const rows = await transaction.selectFrom("alarm_channel").selectAll().where("enabled", "=", 1).execute();
  return new Map(rows.map((row) => [row.id, settingsFromRow(row)]));
}

async function enqueue(
  transaction: Transaction<ServerSchema>,
  row: AlarmRow,
  event: AlarmEvent,
  channelIds: readonly string[],
  channels: ReadonlyMap<string, ChannelSwitches>,
  nowMs: number,
): Promise<void> {
  for (const channel_id of channelIds) {
    const channel = channels.get(channel_id);
    if (channel === undefined || row.severity < channel.minSeverity) continue;
    await transaction
      .insertInto("alarm_notification")
      .values({
        id: randomBytes(8).toString("hex"),
        alarm_id: row.id,
        channel_id,
        event,
        delivery: AlarmDelivery.PENDING,
        created_ms: nowMs,
        due_ms: nowMs,
        done_ms: 0,
        attempts: 0,
        outcome: "",
        message_id: "",
      })
      .onConflict((conflict) => conflict.columns(["alarm_id", "channel_id", "event"]).doNothing())
      .execute();
  }
}
