import type { Selectable } from "kysely";
import type { AlarmRow } from "../rows.ts";
import type { AlarmTables } from "../schema.ts";

/** A notification that is due, with its alarm. */
export interface Waiting {
  readonly row: Selectable<AlarmTables["alarm_notification"]>;
  readonly alarm: AlarmRow;
}

/** One message that is sent. */
export interface PlannedMessage {
  readonly id: string;
  readonly waiting: readonly Waiting[];
}

/**
 * Make messages of one channel's notifications. Those that were tried before stay together under their id. Of new ones what became of all targets of one rule is one
 * message, while there is room; what is above comes as one digest in the last place, and without any room all of it waits.
 *
 * @param room  messages that the channel may still send in this window; may be negative
 */
export function planMessages(waiting: readonly Waiting[], room: number, createId: () => string): PlannedMessage[] {
  const repeats = Map.groupBy(
    waiting.filter(({ row }) => row.message_id !== ""),
    ({ row }) => row.message_id,
  );
  const messages: PlannedMessage[] = [...repeats].map(([id, group]) => ({ id, waiting: group }));
  // The most severe first, then the oldest: what must wait for a digest is what matters least.
  const fresh = waiting
    .filter(({ row }) => row.message_id === "")
    .toSorted((a, b) => b.alarm.severity - a.alarm.severity || a.row.created_ms - b.row.created_ms);
  // In the order of their first ones.
  const ofRules = [...Map.groupBy(fresh, ({ row, alarm }) => `${alarm.rule_id} ${row.event}`).values()];
  const left = room - messages.length;
  if (ofRules.length === 0 || left <= 0) return messages;
  const single = ofRules.length <= left ? ofRules.length : left - 1;
  messages.push(...ofRules.slice(0, single).map((ofRule) => ({ id: createId(), waiting: ofRule })));
  if (single < ofRules.length) messages.push({ id: createId(), waiting: ofRules.slice(single).flat() });
  return messages;
}
