import type { Generated } from "kysely";

/** Tables of `registry/migrations`. */
export interface RegistryTables {
  service: {
    name: string;
    kind: number;
    default_port: number;
    created_ms: number;
    route_version: Generated<number>;
    policy: Generated<string>;
  };
  removed_service: { name: string; route_version: number };
  instance: {
    id: string;
    service: string;
    address: string;
    port: number;
    host_id: string | null;
    in_routing: number;
    weight: number;
    routing_changed_ms: number;
    run: Generated<number>;
    generation: Generated<number>;
    settings: Generated<string>;
    transport: Generated<number>;
    withheld_ms: Generated<number>;
  };
  cluster_version: { name: "route" | "assignment"; value: number };
  host_assignment: { host_id: string; version: number };
}
