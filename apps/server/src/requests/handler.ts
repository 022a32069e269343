import type { ServiceImpl } from "@connectrpc/connect";
import { ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { RequestOrder, type RequestService, ServiceMapKind } from "@msec/api/console/v1/requests_pb.js";
import { RequestOrder as StoreOrder, type TelemetryStore } from "@msec/telemetry-store";
import { askTelemetry } from "../telemetry/telemetry-error.ts";

const pageDefault = 50;

/** A service that has a page of its own. */
export interface KnownService {
  readonly name: string;
  readonly kind: ServiceKind;
}

/**
 * `msec.console.v1.RequestService`: the store has the same limits and names.
 *
 * @param listServices  says what kind of service each is; who is not among them is an outsider
 */
export function createRequestHandler(
  store: TelemetryStore,
  listServices: () => Promise<readonly KnownService[]>,
): ServiceImpl<typeof RequestService> {
  const kinds = async () => new Map((await listServices()).map(({ name, kind }) => [name, kind]));
  return {
    async searchRequests({ $typeName: _, $unknown: __, order, limit, ...query }) {
      const external = query.service !== "" && (await kinds()).get(query.service) === ServiceKind.EXTERNAL;
      return await askTelemetry(
        store.searchRequests({
          ...query,
          external,
          order: order === RequestOrder.SLOWEST ? StoreOrder.Slowest : StoreOrder.Newest,
          limit: limit || pageDefault,
        }),
      );
    },

    async getServiceMap({ $typeName: _, $unknown: __, ...query }) {
      const [map, kindOf] = await Promise.all([askTelemetry(store.getServiceMap(query)), kinds()]);
      const names = new Set(map.edges.flatMap(({ caller, callee }) => [caller, callee]));
      return { ...map, nodes: [...names].map((name) => ({ name, kind: mapKind(kindOf.get(name)) })) };
    },
  };
}

function mapKind(kind: ServiceKind | undefined): ServiceMapKind {
  if (kind === ServiceKind.EXTERNAL) return ServiceMapKind.EXTERNAL;
  return kind === undefined ? ServiceMapKind.OUTSIDE : ServiceMapKind.STANDARD;
}
