import type { RouteTable } from "@msec/api/agent/v1/common_pb.js";
import { type Log, readChecked, writeChecked } from "@msec/process";
import { z } from "zod";
import { ROUTE_TABLES_MAX, routeTableFault, routeTableFromJson, routeTableToJson } from "./route-table.ts";

/** What the server sends: tables that changed (or all), the highest version, whether they replace whatever there is. */
export interface RouteUpdate {
  readonly tables: readonly RouteTable[];
  readonly version: bigint;
  readonly replaceAll: boolean;
}

const fileSchema = z.object({
  version: z.string().regex(/^\d{1,20}$/),
  demoted: z.boolean(),
  tables: z.array(z.json()),
});

/**
 * Every route table of the cluster, on disk before anybody sees it.
 *
 * What is here only gets newer. An update that is older, an empty answer, a table that is empty without being newer, or one
 * with a bad route changes nothing and is logged; only `replaceAll`, which an operator orders, goes back.
 */
export class RouteTables {
  readonly #file: string;
  readonly #log: Log;
  #tables = new Map<string, RouteTable>();
  #version = 0n;
  /** Counts `replaceAll`: after one, a version that a service has applied says nothing any more. */
  #generation = 0;
  #known = false;
  /** The host enrolled anew since these tables came, see `demote`. */
  #demoted = false;
  readonly #waiting = new Set<() => void>();

  private constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** Open with what is on disk. A damaged file is set aside and logged; the server is asked for everything again then. */
  static async open(file: string, log: Log): Promise<RouteTables> {
    const tables = new RouteTables(file, log);
    const found = await readChecked(file);
    if (found.status === "damaged") {
      log.error(`the route tables on disk cannot be used: ${found.reason}`, { file, movedTo: found.movedTo });
    } else if (found.status === "intact") {
      tables.#load(found.value);
    }
    return tables;
  }

  /** The highest version that was applied; 0 where there never was one. */
  get version(): bigint {
    return this.#version;
  }

  /** The version to tell the server: 0 asks for all of them. */
  get appliedVersion(): bigint {
    return this.#demoted ? 0n : this.#version;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Whether there ever were tables, from the server or from disk. */
  get known(): boolean {
    return this.#known;
  }

  get size(): number {
    return this.#tables.size;
  }

  /** The table of a service; the same object until it changes. `undefined` where there is none, or the service is gone. */
  find(service: string): RouteTable | undefined {
    const table = this.#tables.get(service);
    return table?.deleted === true ? undefined : table;
  }

  /** All tables, in the order of their services. */
  all(): RouteTable[] {
    return this.after(0n).sort((a, b) => (a.service < b.service ? -1 : 1));
  }

  /** Tables that are newer than a version, deleted ones among them so that whoever had them hears of it; all for 0. */
  after(version: bigint): RouteTable[] {
    return [...this.#tables.values()].filter((table) => table.version > version && (version > 0n || !table.deleted));
  }

  /**
   * Apply what the server sent: first to disk, then to everybody who waits.
   *
   * @returns false when it was older than what is here, and refused
   * @throws what the file system says; nothing has changed then
   */
  async apply(update: RouteUpdate): Promise<boolean> {
    if (this.#demoted && update.tables.length === 0 && !update.replaceAll) return true;
    const replaceAll = update.replaceAll || this.#demoted;
    if (update.version < this.#version && !replaceAll) {
      this.#log.error("the server's route tables are older than ours and were refused", {
        ours: String(this.#version),
        theirs: String(update.version),
      });
      return false;
    }
    const next = replaceAll ? new Map<string, RouteTable>() : new Map(this.#tables);
    let changed = replaceAll || update.version !== this.#version || !this.#known;
    for (const table of update.tables) {
      const fault = this.#faultOf(table, next, replaceAll);
      if (fault !== undefined) {
        this.#log.error("a route table was refused", { service: table.service.slice(0, 80), fault });
        continue;
      }
      if (next.get(table.service)?.version === table.version) continue;
      next.set(table.service, table);
      changed = true;
    }
    if (!changed) return true;
    await this.#write(update.version, next, false);
    this.#tables = next;
    this.#version = update.version;
    this.#known = true;
    this.#demoted = false;
    if (replaceAll) this.#generation++;
    for (const wake of this.#waiting) wake();
    return true;
  }

  /**
   * The host enrols (anew): the tables that its server gives next, all of them, replace what is here, whose versions another
   * server may have counted. Until it gives some these stay in use.
   */
  async demote(): Promise<void> {
    if (!this.#known) return;
    await this.#write(this.#version, this.#tables, true);
    this.#demoted = true;
  }

  /** Settles at the next change, or when the signal aborts. */
  async untilChanged(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  #faultOf(table: RouteTable, tables: ReadonlyMap<string, RouteTable>, replaceAll: boolean): string | undefined {
    const fault = routeTableFault(table);
    if (fault !== undefined) return fault;
    const present = tables.get(table.service);
    if (present === undefined) {
      return tables.size >= ROUTE_TABLES_MAX ? `there are ${ROUTE_TABLES_MAX} tables already` : undefined;
    }
    if (replaceAll || table.version > present.version) return undefined;
    if (table.version < present.version) return `it is older (${table.version}) than ours (${present.version})`;
    // The same version means the same content: an emptied one of the same version is a fault of the server.
    return table.routes.length === 0 && present.routes.length > 0 ? "it is empty and not newer than ours" : undefined;
  }

  async #write(version: bigint, tables: ReadonlyMap<string, RouteTable>, demoted: boolean): Promise<void> {
    const json = [...tables.values()].map(routeTableToJson);
    await writeChecked(this.#file, { version: String(version), demoted, tables: json });
  }

  #load(value: unknown): void {
    try {
      const { version, demoted, tables } = fileSchema.parse(value);
      for (const json of tables) {
        const table = routeTableFromJson(json);
        this.#tables.set(table.service, table);
      }
      this.#version = BigInt(version);
      this.#demoted = demoted;
      this.#known = true;
    } catch (error) {
      // Its checksum was right: an agent of another version wrote it. The server has all of it.
      this.#tables.clear();
      this.#log.error("the route tables on disk are not in a form that this agent knows", { file: this.#file, error });
    }
  }
}
