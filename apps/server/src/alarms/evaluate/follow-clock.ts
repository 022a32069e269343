import type { Transaction } from "kysely";
import type { ServerSchema } from "../../schema.ts";

/**
 * Take what waits for a time along with a clock that was set, so that as much of it is left as before: until somebody else is told of an alarm
 * that nobody acknowledged, and until a silence ends.
 *
 * @param stepMs  by how much the clock was set, forward above 0; 0 where nobody knows of a step
 * @param nowMs   milliseconds since 1970 UTC, by the clock as it is now
 */
export async function followClock(
  transaction: Transaction<ServerSchema>,
  stepMs: number,
  nowMs: number,
): Promise<void> {
  if (stepMs !== 0) {
    await transaction
      .updateTable("alarm")
      .set((row) => ({ notified_ms: row("notified_ms", "+", stepMs) }))
      .where("is_open", "=", 1)
      .where("notified_ms", ">", 0)
      .execute();
    await transaction
      .updateTable("alarm_silence")
      .set((row) => ({ from_ms: row("from_ms", "+", stepMs), until_ms: row("until_ms", "+", stepMs) }))
      // Those that were over are history.
      .where("until_ms", ">", nowMs - stepMs)
      .execute();
  }
  // A clock that was set back while no server ran is seen by what has not happened yet: that begins now.
  await transaction
    .updateTable("alarm")
    .set({ notified_ms: nowMs })
    .where("is_open", "=", 1)
    .where("notified_ms", ">", nowMs)
    .execute();
  await transaction
    .updateTable("alarm_silence")
    .set((row) => ({ from_ms: nowMs, until_ms: row(row.ref("until_ms"), "-", row(row.ref("from_ms"), "-", nowMs)) }))
    .where("from_ms", ">", nowMs)
    .execute();
}
