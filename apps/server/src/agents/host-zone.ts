import { isZone, ZONE_MAX } from "@msec/api/routes";
import { Code, RpcError } from "@msec/rpc";
import type { Transaction } from "kysely";
import type { ServerSchema } from "../schema.ts";

/**
 * Check the name of a zone.
 *
 * @throws RpcError InvalidArgument unless it is at most 64 letters, digits and `._-`; empty is none
 */
export function assertZone(zone: string): void {
  if (!isZone(zone)) {
    throw new RpcError(
      Code.InvalidArgument,
      `zone ${JSON.stringify(zone.slice(0, 80))} must be at most ${ZONE_MAX} letters, digits and ._-`,
    );
  }
}

/** Write a host's zone down in a running transaction. @returns whether it was another one */
export async function writeZone(
  transaction: Transaction<ServerSchema>,
  hostId: string,
  zone: string,
): Promise<boolean> {
  const changed = await transaction
    .updateTable("host")
    .set({ zone })
    .where("id", "=", hostId)
    .where("zone", "!=", zone)
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}
