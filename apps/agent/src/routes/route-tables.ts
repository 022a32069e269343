import type { RouteTable } from "@msec/api/agent/v1/common_pb.js";
import type { RouteDelta } from "@msec/api/agent/v1/control_pb.js";
import { applyRouteDelta, combineDigests, ROUTE_TABLES_MAX, ROUTES_MAX, routeTableDigest } from "@msec/api/routes";
import type { Log } from "@msec/process";
import { z } from "zod";
import { ChangeBell } from "../change-bell.ts";
import { LateWrite } from "../late-write.ts";
import { RouteLog } from "./route-log.ts";
import { routeTableFault, routeTableFromJson, routeTableToJson } from "./route-table.ts";

/** What the server sends: tables that changed (or all), the highest version, whether they replace whatever there is. */
export interface RouteUpdate {
  readonly tables: readonly RouteTable[];
  readonly version: bigint;
  readonly replaceAll: boolean;
  /** Differences to tables that are here. */
  readonly deltas?: readonly RouteDelta[];
  /** Over all tables at `version`, see `routeTableDigest`; 0n: not given. */
  readonly digest?: bigint;
  /** Whether it answers a question for everything: then what it does not have does not exist. */
  readonly isFull?: boolean;
}

/** A table that the server sent and that was not taken. */
export interface RouteRefusal {
  readonly service: string;
  readonly version: bigint;
  readonly reason: string;
}

/** What one update, or a part of everything, is on disk. */
const recordSchema = z.object({
  version: z.string().regex(/^\d{1,20}$/),
  demoted: z.boolean(),
  zone: z.string().max(100),
  /** Those that changed. */
  tables: z.array(z.json()),
  /** Services whose tables are gone, without a word to those who had them. */
  forgotten: z.array(z.string()),
});

/**
 * Every route table of the cluster, and the zone of this host, on disk before anybody sees it; where the disk is full, as soon as it has room (`lateS`).
 *
 * What is here only gets newer. An update that is older, an empty answer, a table that is empty without being newer, or one
 * with a bad route changes nothing and is logged; only `replaceAll`, which an operator orders, goes back. An update whose digest
 * is not that of what it leads to is refused as a whole, and everything is asked for.
 */
export class RouteTables {
  readonly #file: string;
  readonly #disk: RouteLog;
  readonly #log: Log;
  #tables = new Map<string, RouteTable>();
  #version = 0n;
  /** Counts `replaceAll`: after one, a version that a service has applied says nothing any more. */
  #generation = 0;
  #known = false;
  /** The host enrolled anew since these tables came, see `demote`. */
  #demoted = false;
  /** Everything is to be asked for: an update did not fit to what is here. */
  #resync = false;
  /** Over what is here. */
  #digests = new Map<string, bigint>();
  /** Over what the server sent for each service: of a refused table, that table's. */
  #sentDigests = new Map<string, bigint>();
  #refused = new Map<string, RouteRefusal>();
  readonly #changes = new ChangeBell();

  #zone = "";
  /** Writes follow each other. */
  #writing: Promise<void> = Promise.resolve();
  readonly #late: LateWrite;

  private constructor(file: string, disk: RouteLog, log: Log, againMs?: number) {
    const writeAll = () => this.#write(this.#now());
    this.#late = new LateWrite({
      what: "route tables",
      file,
      log,
      writeAll,
      ...(againMs !== undefined && { againMs }),
    });
    this.#file = file;
    this.#disk = disk;
    this.#log = log;
  }

  /**
   * Open with what is on disk. A damaged file is set aside and logged, what stands before the damage used; the server is asked for everything again then.
   *
   * @param againMs  see `LateWriteOptions`
   */
  static async open(file: string, log: Log, againMs?: number): Promise<RouteTables> {
    const { log: disk, found } = await RouteLog.open(file);
    const tables = new RouteTables(file, disk, log, againMs);
    if (found.damage !== undefined) {
      const { reason, movedTo } = found.damage;
      log.error(`the route tables on disk cannot be used: ${reason}`, { file, movedTo, before: found.records.length });
    }
    if (found.tornBytes > 0)
      log.warn("the last change of the routes was not written", { file, bytes: found.tornBytes });
    tables.#load(found.records);
    tables.#resync = tables.#known && found.damage !== undefined;
    return tables;
  }

  /** Where this host is, as the server said last; empty: nowhere in particular. */
  get zone(): string {
    return this.#zone;
  }

  /** The server says where this host is; everybody who waits for a change is woken. */
  async setZone(zone: string): Promise<void> {
    if (zone === this.#zone) return;
    await this.#late.write(() => this.#write({ ...this.#now(), zone }));
    this.#zone = zone;
    this.#changes.ring();
  }

  /** For how many seconds the tables on disk have been older than these, because it is full; 0 where they are not. */
  get lateS(): number {
    return this.#late.lateS;
  }

  /** The highest version that was applied; 0 where there never was one. */
  get version(): bigint {
    return this.#version;
  }

  /** The version to tell the server: 0 asks for all of them. */
  get appliedVersion(): bigint {
    return this.#demoted || this.#resync ? 0n : this.#version;
  }

  /** Over the tables that are here, see `routeTableDigest`. */
  get digest(): bigint {
    return combineDigests(this.#digests.values());
  }

  /** Tables that were not taken, and not followed by better ones. */
  get refused(): readonly RouteRefusal[] {
    return [...this.#refused.values()];
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

  /** Tables that are newer than a version, deleted ones among them, so that whoever had them learns that they are gone; all for 0. */
  after(version: bigint): RouteTable[] {
    return [...this.#tables.values()].filter((table) => table.version > version && (version > 0n || !table.deleted));
  }

  /**
   * Apply what the server sent: first to disk (where that has room), then to everybody who waits.
   *
   * @returns false when it was older than what is here, and refused
   * @throws what the file system says, but for a full disk; nothing has changed then
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
    const next = this.#merge(update, replaceAll);
    if (next === undefined) return !update.isFull;
    if (!next.isChanged) return true;
    const written = { version: update.version, demoted: false, zone: this.#zone, tables: next.tables };
    await this.#late.write(() => this.#write(written));
    this.#tables = next.tables;
    this.#digests = next.digests;
    this.#sentDigests = next.sent;
    this.#refused = next.refused;
    this.#version = update.version;
    this.#known = true;
    this.#demoted = false;
    this.#resync = false;
    if (replaceAll) this.#generation++;
    this.#changes.ring();
    return true;
  }

  /** What an update leads to; `undefined` where it does not fit to what is here, or is damaged: then everything is asked for. */
  #merge(update: RouteUpdate, replaceAll: boolean) {
    // What is not in an answer to "everything" is gone; but an answer of nothing is no answer.
    const startsEmpty = replaceAll || (update.isFull === true && update.tables.length > 0 && hasDigest(update));
    const tables = startsEmpty ? new Map<string, RouteTable>() : new Map(this.#tables);
    const digests = startsEmpty ? new Map<string, bigint>() : new Map(this.#digests);
    const sent = startsEmpty ? new Map<string, bigint>() : new Map(this.#sentDigests);
    const refused = startsEmpty ? new Map<string, RouteRefusal>() : new Map(this.#refused);
    let isChanged = replaceAll || this.#resync || update.version !== this.#version || !this.#known;
    let isVerifiable = hasDigest(update);
    const sentTables = [...update.tables];
    for (const delta of update.deltas ?? []) {
      try {
        sentTables.push(applyDelta(this.#tables.get(delta.service), delta));
      } catch (error) {
        return this.#askForAll(update, error instanceof Error ? error.message : String(error));
      }
    }
    for (const table of sentTables) {
      // One that is too large is not even walked through; what the whole adds up to is not known then.
      const isTooLarge = table.routes.length > ROUTES_MAX;
      isVerifiable &&= !isTooLarge;
      const digest = isTooLarge ? 0n : routeTableDigest(table);
      sent.set(table.service, digest);
      const present = this.#tables.get(table.service);
      const fault = this.#faultOf(table, tables, replaceAll);
      if (fault !== undefined) {
        this.#log.error("a route table was refused", { service: table.service.slice(0, 80), fault });
        refused.set(table.service, { service: table.service, version: table.version, reason: fault });
        // A bad one must not replace a good one, also where the answer replaces everything that is not in it.
        if (present !== undefined && !replaceAll) {
          tables.set(table.service, present);
          digests.set(table.service, this.#digests.get(table.service) ?? 0n);
        }
        isChanged = true;
        continue;
      }
      refused.delete(table.service);
      const isSame = present?.version === table.version && this.#digests.get(table.service) === digest;
      tables.set(table.service, isSame && present !== undefined ? present : table);
      digests.set(table.service, digest);
      isChanged ||= !isSame;
    }
    if (isVerifiable && combineDigests(sent.values()) !== update.digest) {
      return this.#askForAll(update, "they are not what the server says they lead to");
    }
    if (startsEmpty && !replaceAll) isChanged = this.#deleteMissing(tables, update.version) || isChanged;
    return { tables, digests, sent, refused, isChanged };
  }

  /** Processes that have a table which is gone have to hear so. */
  #deleteMissing(tables: Map<string, RouteTable>, version: bigint): boolean {
    let any = false;
    for (const table of this.#tables.values()) {
      if (tables.has(table.service)) continue;
      tables.set(table.service, table.deleted ? table : { ...table, version, routes: [], deleted: true });
      any ||= !table.deleted;
    }
    return any;
  }

  #askForAll(update: RouteUpdate, why: string): undefined {
    this.#log.error("the server's route tables were refused", {
      why,
      version: String(update.version),
      next: update.isFull === true ? "asking again later" : "asking for all of them",
    });
    this.#resync = true;
    return undefined;
  }

  /**
   * The host enrols (anew): the tables that its server gives next, all of them, replace what is here, whose versions another
   * server may have counted. Until it gives some these stay in use.
   */
  async demote(): Promise<void> {
    if (!this.#known) return;
    await this.#write({ ...this.#now(), demoted: true });
    this.#demoted = true;
  }

  /** Settles at the next change, or when the signal aborts. */
  untilChanged(signal: AbortSignal): Promise<void> {
    return this.#changes.untilRung(signal);
  }

  #faultOf(table: RouteTable, tables: ReadonlyMap<string, RouteTable>, replaceAll: boolean): string | undefined {
    const fault = routeTableFault(table);
    if (fault !== undefined) return fault;
    const present = this.#tables.get(table.service);
    if (present === undefined) {
      return tables.size >= ROUTE_TABLES_MAX ? `there are ${ROUTE_TABLES_MAX} tables already` : undefined;
    }
    if (replaceAll || table.version > present.version) return undefined;
    if (table.version < present.version) return `it is older (${table.version}) than ours (${present.version})`;
    // The same version means the same content: an emptied one of the same version is a fault of the server.
    return table.routes.length === 0 && present.routes.length > 0 ? "it is empty and not newer than ours" : undefined;
  }

  #now(): Written {
    return { version: this.#version, demoted: this.#demoted, zone: this.#zone, tables: this.#tables };
  }

  async #write(next: Written): Promise<void> {
    const mine = this.#writing.then(() => {
      const forgotten = [...this.#tables.keys()].filter((service) => !next.tables.has(service));
      const changed = [...next.tables.values()].filter((table) => table !== this.#tables.get(table.service));
      return this.#disk.append(recordOf(next, changed, forgotten), () => wholeOf(next));
    });
    this.#writing = mine.catch(() => {}); // The caller gets the error; the next write is not held up by it.
    await mine;
  }

  #load(records: readonly unknown[]): void {
    try {
      for (const record of records) {
        const { version, demoted, zone, tables, forgotten } = recordSchema.parse(record);
        for (const service of forgotten) this.#tables.delete(service);
        for (const json of tables) {
          const table = routeTableFromJson(json);
          this.#tables.set(table.service, table);
        }
        this.#version = BigInt(version);
        this.#demoted = demoted;
        this.#zone = zone;
        // A host may have been told where it is before it was told any route.
        this.#known = this.#version !== 0n || this.#tables.size > 0;
      }
    } catch (error) {
      // Its checksum was right: an agent of another version wrote it. The server has all of it.
      this.#tables.clear();
      this.#version = 0n;
      this.#known = false;
      this.#log.error("the route tables on disk are not in a form that this agent knows", { file: this.#file, error });
    }
    this.#digests = digestsOf(this.#tables);
    this.#sentDigests = new Map(this.#digests);
  }
}

/** What is to be on disk. */
interface Written {
  readonly version: bigint;
  readonly demoted: boolean;
  readonly zone: string;
  readonly tables: ReadonlyMap<string, RouteTable>;
}

function recordOf({ version, demoted, zone }: Written, tables: readonly RouteTable[], forgotten: readonly string[]) {
  return { version: String(version), demoted, zone, tables: tables.map(routeTableToJson), forgotten };
}

/** All of it, a record for each service: a damaged one costs those after it, and not all. */
function* wholeOf(written: Written) {
  for (const table of written.tables.values()) yield recordOf(written, [table], []);
  if (written.tables.size === 0) yield recordOf(written, [], []);
}

function hasDigest({ digest }: RouteUpdate): boolean {
  return digest !== undefined && digest !== 0n;
}

function applyDelta(present: RouteTable | undefined, delta: RouteDelta): RouteTable {
  if (present === undefined) throw new RangeError(`a change is to ${delta.service.slice(0, 80)}, which is not here`);
  return applyRouteDelta(present, delta);
}

function digestsOf(tables: ReadonlyMap<string, RouteTable>): Map<string, bigint> {
  return new Map([...tables].map(([service, table]) => [service, routeTableDigest(table)]));
}
