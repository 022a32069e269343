import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import {
  type ReportHostRequest,
  ReportHostRequestSchema,
  type ReportRoutesRequest,
} from "@msec/api/agent/v1/control_pb.js";
import type { Log } from "@msec/process";
import type { Selectable } from "kysely";
import type { ServerStore } from "../schema.ts";
import type { AgentTables } from "./schema.ts";

// An agent reports every few seconds; longer silence than this means that something is wrong.
const connectedMs = 15_000;
const flushIntervalMs = 5_000;
// Reports are large and come again every five seconds: after a crash of the server nobody needs one that is younger than this.
const reportIntervalMs = 60_000;

/** One host and what its agent last said. */
export interface HostState {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** When its agent was last heard, milliseconds since 1970 UTC; 0 where never. */
  readonly seenMs: number;
  readonly appliedRouteVersion: number;
  readonly appliedAssignmentVersion: number;
  /** The lowest route version that its processes use. */
  readonly usedRouteVersion: number;
  /** What its agent last said of its route tables; `undefined` before it did, since this server started. */
  readonly routes: ReportRoutesRequest | undefined;
  /** `undefined` before the first report. */
  readonly report: ReportHostRequest | undefined;
  /** When the report came, milliseconds since 1970 UTC; 0 where it came before this server started. */
  readonly reportedMs: number;
  /** Where it is; empty: unknown. */
  readonly zone: string;
}

/** Hears of what agents say, and of hosts that are removed; must be quick and must not throw. */
export type HostListener = (host: HostState, what: "report" | "routes" | "removed") => void;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Entry extends Mutable<HostState> {
  fingerprint: string;
  /** Differs from its row. */
  changed: boolean;
  /** When its report was last written, milliseconds since 1970 UTC. */
  reportWrittenMs: number;
  /** When its agent went away without a word, milliseconds; 0 where it did not. */
  goneMs: number;
}

/**
 * All hosts in memory, with what their agents said. Changes reach the database together every five seconds (reports every minute): an fsync
 * for each report of each host would be the control plane's largest load, for what the next report repeats anyway.
 */
export class HostDirectory {
  readonly #store: ServerStore;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #byId = new Map<string, Entry>();
  readonly #byFingerprint = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;
  #loading: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<HostListener>();

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number, log: Log) {
    this.#store = store;
    this.#now = now;
    this.#log = log;
  }

  /** Hosts that have enrolled. */
  get size(): number {
    return this.#byId.size;
  }

  /** Read all hosts, again after one has enrolled, and begin to write changes down. */
  async load(): Promise<void> {
    // One after the other: rows that were read earlier must not replace those read later.
    const mine = this.#loading.then(() => this.#loadNow());
    this.#loading = mine.catch(() => {}); // The caller gets the error; the next one tries again.
    await mine;
  }

  async #loadNow(): Promise<void> {
    await this.#flush();
    const { db } = this.#store;
    // What hosts reported is large, and we wrote it: it is read for hosts that we do not know.
    const rows = await db.selectFrom("host").select(["id", "zone"]).execute();
    const unknown = rows.filter(({ id }) => !this.#byId.has(id)).map(({ id }) => id);
    const isFirst = unknown.length === rows.length;
    const full = db.selectFrom("host").selectAll();
    const read = unknown.length === 0 ? [] : await (isFirst ? full : full.where("id", "in", unknown)).execute();
    const entries = new Map([...this.#byId, ...read.map((row) => [row.id, createEntry(row)] as const)]);
    this.#byId.clear();
    this.#byFingerprint.clear();
    for (const row of rows) {
      const entry = entries.get(row.id);
      if (entry === undefined) continue; // Removed since the first statement.
      entry.zone = row.zone;
      this.#byId.set(row.id, entry);
      this.#byFingerprint.set(entry.fingerprint, entry);
    }
    this.#timer ??= setInterval(() => void this.#flushAndLog(), flushIntervalMs).unref();
  }

  /** In no particular order. */
  list(): HostState[] {
    return [...this.#byId.values()];
  }

  find(id: string): HostState | undefined {
    return this.#byId.get(id);
  }

  /** The host that a client certificate belongs to. */
  findByFingerprint(fingerprint: string): HostState | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** Whether its agent was heard in the last 15 seconds and has not broken its connection since. */
  isConnected(host: HostState): boolean {
    const entry = this.#byId.get(host.id);
    return entry !== undefined && entry.goneMs < entry.seenMs && entry.seenMs + connectedMs > this.#now();
  }

  /** An agent reported. */
  reported(id: string, report: ReportHostRequest): void {
    this.#update(id, (entry) => {
      entry.report = report;
      entry.reportedMs = this.#now();
    });
    this.#tell(id, "report");
  }

  /** An agent said what its processes use. */
  routesReported(id: string, routes: ReportRoutesRequest): void {
    this.#update(id, (entry) => {
      entry.routes = routes;
      entry.usedRouteVersion = Number(routes.usedVersion);
      // Also after a restore, when it is lower than before.
      entry.appliedRouteVersion = Number(routes.appliedVersion);
    });
    this.#tell(id, "routes");
  }

  /** Hear of each report, and of hosts that are removed, from now on. @returns stops it */
  listen(listener: HostListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forget a host that was removed from the database. */
  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) {
      this.#byId.delete(id);
      this.#byFingerprint.delete(entry.fingerprint);
      for (const listener of this.#listeners) listener(entry, "removed");
    }
  }

  /** An agent said by a request what it has applied. */
  acknowledged(id: string, applied: { routeVersion?: number; assignmentVersion?: number }): void {
    this.#update(id, (entry) => {
      entry.appliedRouteVersion = applied.routeVersion ?? entry.appliedRouteVersion;
      entry.appliedAssignmentVersion = applied.assignmentVersion ?? entry.appliedAssignmentVersion;
    });
  }

  /** An agent's connection broke while it waited for an answer. */
  gone(id: string): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) {
      entry.goneMs = this.#now();
    }
  }

  /** Write down what is not yet, as far as the database is there, and stop. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const entry of this.#byId.values()) entry.reportWrittenMs = 0;
    await this.#flushAndLog();
  }

  #tell(id: string, what: "report" | "routes"): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) for (const listener of this.#listeners) listener(entry, what);
  }

  #update(id: string, change: (entry: Entry) => void): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) {
      change(entry);
      entry.seenMs = this.#now();
      entry.changed = true;
    }
  }

  async #flushAndLog(): Promise<void> {
    try {
      await this.#flush();
    } catch (error) {
      this.#log.warn("reports of hosts could not be written to the database", { error });
    }
  }

  async #flush(): Promise<void> {
    const changed = [...this.#byId.values()].filter((entry) => entry.changed);
    if (changed.length === 0) {
      return;
    }
    const nowMs = this.#now();
    const rows = changed.map((entry) => {
      const withReport = nowMs - entry.reportWrittenMs >= reportIntervalMs;
      return {
        entry,
        id: entry.id,
        withReport,
        values: { ...rowValues(entry), ...(withReport ? reportValue(entry) : {}) },
      };
    });
    for (const { entry, withReport } of rows) {
      entry.changed = false;
      // Not all of them in the same second for ever.
      if (withReport) entry.reportWrittenMs = nowMs - Math.floor(Math.random() * (reportIntervalMs / 4));
    }
    try {
      await this.#store.transaction(async (transaction) => {
        for (const { id, values } of rows) {
          await transaction.updateTable("host").set(values).where("id", "=", id).execute();
        }
      });
    } catch (error) {
      for (const { entry, withReport } of rows) {
        entry.changed = true;
        if (withReport) entry.reportWrittenMs = 0;
      }
      throw error;
    }
  }
}

function createEntry(row: Selectable<AgentTables["host"]>): Entry {
  return {
    id: row.id,
    name: row.name,
    address: row.address,
    fingerprint: row.fingerprint,
    seenMs: row.seen_ms,
    appliedRouteVersion: row.applied_route_version,
    appliedAssignmentVersion: row.applied_assignment_version,
    usedRouteVersion: row.used_route_version,
    routes: undefined,
    reportedMs: 0,
    zone: row.zone,
    report:
      row.report === ""
        ? undefined
        : create(
            ReportHostRequestSchema,
            fromJsonString(ReportHostRequestSchema, row.report, { ignoreUnknownFields: true }),
          ),
    changed: false,
    reportWrittenMs: 0,
    goneMs: 0,
  };
}

function rowValues(entry: Entry) {
  return {
    seen_ms: entry.seenMs,
    applied_route_version: entry.appliedRouteVersion,
    applied_assignment_version: entry.appliedAssignmentVersion,
    used_route_version: entry.usedRouteVersion,
  };
}

function reportValue({ report }: Entry) {
  return { report: report === undefined ? "" : toJsonString(ReportHostRequestSchema, report) };
}
