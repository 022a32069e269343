import { randomBytes } from "node:crypto";
import type { ServiceImpl } from "@connectrpc/connect";
import type { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { EventKind } from "@msec/api/console/v1/metrics_pb.js";
import type { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { Kysely } from "kysely";
import type { ServerSchema, ServerStore } from "../schema.ts";
import { callerName, requestOriginKey } from "../session/caller.ts";
import { operationEvents } from "./metrics-operations.ts";

/** Events of one answer. */
const eventsMax = 500;

/** Longest subject, characters. */
const subjectMaxChars = 200;

/** Something that was done to a service. */
export interface ServiceEvent {
  /** Milliseconds since 1970 UTC. */
  readonly timeMs: number;
  readonly service: string;
  readonly kind: EventKind;
  /** What it was done to: `127.0.0.1:7963`, `2 instances`, a version. Cut at 200 characters. */
  readonly subject: string;
  /** The account, or `operator`. */
  readonly by: string;
  /** The capacity operation that did it. */
  readonly operation?: string;
  readonly operationKind?: OperationKind;
  /** To how many instances. */
  readonly instances?: number;
}

/**
 * Write down what was done to a service, so that its curves show when.
 *
 * @param db  the store's `db`, or the transaction in which it is done
 */
export async function recordEvent(db: Kysely<ServerSchema>, event: ServiceEvent): Promise<void> {
  const { timeMs, service, kind, subject, by } = event;
  await db
    .insertInto("telemetry_event")
    .values({
      id: randomBytes(8).toString("hex"),
      time_ms: Math.round(timeMs),
      service,
      kind,
      subject: subject.slice(0, subjectMaxChars),
      done_by: by,
    })
    .execute();
}

/**
 * What was done in a range, newest first, at most 500: what was written down, and the capacity operations.
 *
 * @param service  empty: to any
 * @throws RpcError InvalidArgument (range)
 */
export async function listEvents(
  store: ServerStore,
  service: string,
  fromMs: number,
  toMs: number,
): Promise<ServiceEvent[]> {
  if (!(fromMs >= 0 && toMs > fromMs && toMs <= 4e12)) {
    throw new RpcError(
      Code.InvalidArgument,
      `from_ms ${fromMs} must be before to_ms ${toMs}, both milliseconds since 1970`,
    );
  }
  const inRange = store.db
    .selectFrom("telemetry_event")
    .selectAll()
    .where("time_ms", ">=", Math.floor(fromMs))
    .where("time_ms", "<", Math.ceil(toMs));
  const rows = await (service === "" ? inRange : inRange.where("service", "=", service))
    .orderBy("time_ms", "desc")
    .limit(eventsMax)
    .execute();
  const written = rows.map((row) => ({
    timeMs: Number(row.time_ms),
    service: row.service,
    kind: row.kind as EventKind,
    subject: row.subject,
    by: row.done_by,
  }));
  const operations = await operationEvents(store, service, fromMs, toMs, eventsMax);
  return [...written, ...operations].sort((a, b) => b.timeMs - a.timeMs).slice(0, eventsMax);
}

/** Forget what is older than any curve. */
export async function forgetEvents(store: ServerStore, beforeMs: number): Promise<void> {
  await store.db.deleteFrom("telemetry_event").where("time_ms", "<", beforeMs).execute();
}

/**
 * The registry's handler, which also writes down each routing switch, one event for each service.
 *
 * @param onError  hears of an event that could not be written: the switch itself has happened
 */
export function withRoutingEvents(
  handler: ServiceImpl<typeof RegistryService>,
  store: ServerStore,
  now: () => number,
  onError: (error: unknown) => void,
): ServiceImpl<typeof RegistryService> {
  return {
    ...handler,
    async setRouting(request, context) {
      const before = now();
      const response = await handler.setRouting(request, context);
      const changed = (response.instances ?? []).filter((instance) => (instance.routingChangedMs ?? 0) >= before);
      const by = callerName(context.values.get(requestOriginKey).caller);
      for (const [service, instances] of Map.groupBy(changed, (instance) => instance.service ?? "")) {
        const [only] = instances;
        const subject = instances.length === 1 ? `${only!.address}:${only!.port}` : `${instances.length} instances`;
        const kind = request.inRouting ? EventKind.ROUTING_IN : EventKind.ROUTING_OUT;
        await recordEvent(store.db, { timeMs: now(), service, kind, subject, by }).catch(onError);
      }
      return response;
    },
  };
}
