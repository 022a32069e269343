import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { type ReportHostRequest, ReportHostRequestSchema } from "@msec/api/agent/v1/control_pb.js";
import type { Log } from "@msec/process";
import type { Selectable } from "kysely";
import type { ServerStore } from "../schema.ts";
import type { AgentTables } from "./schema.ts";

// An agent reports every few seconds; longer silence than this means that something is wrong.
const connectedMs = 15_000;
const flushIntervalMs = 5_000;

/** One host and what its agent last said. */
export interface HostState {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** When its agent was last heard, milliseconds since 1970 UTC; 0 where never. */
  readonly seenMs: number;
  readonly appliedRouteVersion: number;
  readonly appliedAssignmentVersion: number;
  /** `undefined` before the first report. */
  readonly report: ReportHostRequest | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Entry extends Mutable<HostState> {
  fingerprint: string;
  /** Differs from its row. */
  changed: boolean;
  /** When its agent went away without a word, milliseconds; 0 where it did not. */
  goneMs: number;
}

/**
 * All hosts in memory, with what their agents said. Changes reach the database together every five seconds: an fsync
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

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, now: () => number, log: Log) {
    this.#store = store;
    this.#now = now;
    this.#log = log;
  }

  /** Read all hosts, again after one has enrolled, and begin to write changes down. */
  async load(): Promise<void> {
    // One after the other: rows that were read earlier must not replace those read later.
    const mine = this.#loading.then(() => this.#loadNow());
    this.#loading = mine.catch(() => {}); // The caller hears of it; the next one tries again.
    await mine;
  }

  async #loadNow(): Promise<void> {
    await this.#flush();
    const rows = await this.#store.db.selectFrom("host").selectAll().execute();
    const before = new Map(this.#byId);
    this.#byId.clear();
    this.#byFingerprint.clear();
    for (const row of rows) {
      const entry = before.get(row.id) ?? createEntry(row);
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
    });
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
    await this.#flushAndLog();
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
    const rows = changed.map((entry) => ({ id: entry.id, values: rowValues(entry) }));
    for (const entry of changed) {
      entry.changed = false;
    }
    try {
      await this.#store.transaction(async (transaction) => {
        for (const { id, values } of rows) {
          await transaction.updateTable("host").set(values).where("id", "=", id).execute();
        }
      });
    } catch (error) {
      for (const entry of changed) {
        entry.changed = true;
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
    report:
      row.report === ""
        ? undefined
        : create(
            ReportHostRequestSchema,
            fromJsonString(ReportHostRequestSchema, row.report, { ignoreUnknownFields: true }),
          ),
    changed: false,
    goneMs: 0,
  };
}

function rowValues(entry: Entry) {
  return {
    seen_ms: entry.seenMs,
    applied_route_version: entry.appliedRouteVersion,
    applied_assignment_version: entry.appliedAssignmentVersion,
    report: entry.report === undefined ? "" : toJsonString(ReportHostRequestSchema, entry.report),
  };
}
