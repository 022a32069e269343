import type { Generated } from "kysely";

/** Tables of `agents/migrations`. */
export interface AgentTables {
  enroll_token: { hash: string; host_name: string; expires_ms: number };
  host: {
    id: string;
    name: string;
    address: string;
    fingerprint: string;
    enrolled_ms: number;
    seen_ms: Generated<number>;
    applied_route_version: Generated<number>;
    applied_assignment_version: Generated<number>;
    report: Generated<string>;
    zone: Generated<string>;
    used_route_version: Generated<number>;
  };
}
