import { type Migration, openStore, readMigrations, type Store } from "@msec/store";
import type { AgentTables } from "./agents/schema.ts";
import type { AlarmTables } from "./alarms/schema.ts";
import type { CapacityTables } from "./capacity/schema.ts";
import type { DyeingTables } from "./dyeing/schema.ts";
import type { RegistryTables } from "./registry/schema.ts";
import type { SessionTables } from "./session/schema.ts";
import type { TelemetryTables } from "./telemetry/schema.ts";

/**
 * All tables of the control plane: each capability declares its own in its `schema.ts`, beside its `migrations/`.
 */
export interface ServerSchema
  extends SessionTables,
    AgentTables,
    RegistryTables,
    CapacityTables,
    AlarmTables,
    DyeingTables,
    TelemetryTables {}

/** The control plane's database. */
export type ServerStore = Store<ServerSchema>;

/**
 * Capabilities in the order in which an empty database gets their tables: a table may refer to tables of capabilities
 * that stand before its own. A capability changes its own tables only.
 */
const capabilities = ["session", "agents", "registry", "capacity", "alarms", "dyeing", "telemetry"] as const;

/** The steps of all capabilities, read from `<capability>/migrations/`. */
export function serverMigrations(): Migration[] {
  return capabilities.flatMap((capability) =>
    readMigrations(capability, new URL(`./${capability}/migrations/`, import.meta.url)),
  );
}

/**
 * Open the control plane's database.
 *
 * @param url  see `openStore` of `@msec/store`
 * @throws StoreError
 */
export async function openServerStore(url: string, onIdleError?: (error: Error) => void): Promise<ServerStore> {
  return await openStore<ServerSchema>(url, {
    migrations: serverMigrations(),
    ...(onIdleError === undefined ? {} : { onIdleError }),
  });
}
