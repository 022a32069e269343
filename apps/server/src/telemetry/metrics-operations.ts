import { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import { EventKind } from "@msec/api/console/v1/metrics_pb.js";
import type { Operation } from "../capacity/operation.ts";
import type { ServerStore } from "../schema.ts";
import type { ServiceEvent } from "./metrics-events.ts";

const kinds: Readonly<Record<OperationKind, EventKind>> = {
  [OperationKind.UNSPECIFIED]: EventKind.LIFE,
  [OperationKind.IN]: EventKind.ROUTING_IN,
  [OperationKind.OUT]: EventKind.ROUTING_OUT,
  [OperationKind.STOP]: EventKind.LIFE,
  [OperationKind.START]: EventKind.LIFE,
  [OperationKind.RESTART]: EventKind.LIFE,
  [OperationKind.RELOAD]: EventKind.LIFE,
};

const verbs: Partial<Record<OperationKind, string>> = {
  [OperationKind.STOP]: "stop ",
  [OperationKind.START]: "start ",
  [OperationKind.RESTART]: "restart ",
  [OperationKind.RELOAD]: "reload ",
};

/**
 * The capacity operations of a range as events, newest first: one for each service that an operation touches.
 *
 * @param service  empty: any
 */
export async function operationEvents(
  store: ServerStore,
  service: string,
  fromMs: number,
  toMs: number,
  max: number,
): Promise<ServiceEvent[]> {
  const rows = await store.db
    .selectFrom("capacity_operation")
    .select("body")
    .where("started_ms", ">=", Math.floor(fromMs))
    .where("started_ms", "<", Math.ceil(toMs))
    .orderBy("started_ms", "desc")
    .limit(max)
    .execute();
  return rows.flatMap(({ body }) => {
    const { id, kind, startedMs, startedBy, instances } = JSON.parse(body) as Operation;
    const touched = Map.groupBy(instances, (instance) => instance.service);
    return [...touched]
      .filter(([name]) => service === "" || name === service)
      .map(([name, own]) => {
        const [only] = own;
        const what = own.length === 1 ? `${only!.address}:${only!.port}` : `${own.length} instances`;
        return {
          timeMs: startedMs,
          service: name,
          kind: kinds[kind],
          subject: `${verbs[kind] ?? ""}${what}`,
          by: startedBy,
          operation: id,
          operationKind: kind,
          instances: own.length,
        };
      });
  });
}
