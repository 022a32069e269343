import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import type { Log } from "@msec/process";
import type { HostState } from "../agents/host-directory.ts";
import type { RegistryFeed } from "./control-feed.ts";
import { decideSilence, type SilenceLimits, silentSinceMs, type WatchedInstance } from "./silence.ts";
import type { InstanceRow, RegistryStore } from "./store.ts";

const intervalMs = 2_000;
// Ticks that are later than this mean that this process did not run: nobody could be heard meanwhile.
const absenceMs = 10_000;
const shownMs = 15_000;

/** What the watch works on. */
export interface SilenceParts {
  readonly registry: Pick<RegistryStore, "setWithheld">;
  readonly feed: Pick<RegistryFeed, "routed" | "refresh">;
  readonly log: Log;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** See `SilenceLimits.graceMs`. */
  readonly graceMs: number;
}

/** Hears which instances run, shows which are silent, and has those leave callers' tables and return; the rules are in silence.ts. */
export class SilenceWatch {
  readonly #parts: SilenceParts;
  readonly #limits: SilenceLimits;
  readonly #heard = new Map<string, number>();
  #presentMs: number;
  #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  #deciding: Promise<void> | undefined;

  constructor(parts: SilenceParts) {
    this.#parts = parts;
    this.#limits = { shownMs: Math.min(shownMs, parts.graceMs), graceMs: parts.graceMs };
    this.#presentMs = parts.now();
    this.#tickMs = this.#presentMs;
  }

  /** Begin to act on silence. */
  start(): void {
    this.#timer = setInterval(() => void this.tick(), intervalMs).unref();
  }

  /** Stop; settles when nothing is being written any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#deciding;
  }

  /** An agent reported. */
  heard({ report }: HostState): void {
    const now = this.#parts.now();
    for (const process of report?.processes ?? []) {
      if (process.instanceId !== "" && process.state === ProcessState.RUNNING) this.#heard.set(process.instanceId, now);
    }
  }

  /** See `silentSinceMs`; 0 also for what is not meant to run. */
  silentSinceMs(row: InstanceRow): number {
    if (row.run === 0) return 0;
    return silentSinceMs(this.#watched(row), this.#parts.now(), this.#presentMs, this.#limits);
  }

  /** Look who is silent now, and act. Never rejects. */
  async tick(): Promise<void> {
    const now = this.#parts.now();
    if (now - this.#tickMs > absenceMs || now < this.#tickMs) this.#presentMs = now;
    this.#tickMs = now;
    // A database that is slow must not have two of these at once.
    this.#deciding ??= this.#decide(now).finally(() => {
      this.#deciding = undefined;
    });
    await this.#deciding;
  }

  async #decide(now: number): Promise<void> {
    const { registry, feed, log } = this.#parts;
    const rows = feed.routed();
    this.#forget(rows);
    const { withhold, putBack } = decideSilence(
      rows.map((row) => this.#watched(row)),
      now,
      this.#presentMs,
      this.#limits,
    );
    if (withhold.length + putBack.length === 0) return;
    try {
      if (putBack.length > 0) await registry.setWithheld(putBack, false);
      if (withhold.length > 0) await registry.setWithheld(withhold, true);
      await feed.refresh();
    } catch (error) {
      log.warn("silent instances could not be taken out of the route tables; trying again", { error });
      return;
    }
    const names = (ids: readonly string[]) =>
      rows.filter(({ id }) => ids.includes(id)).map(({ service, address, port }) => `${service} ${address}:${port}`);
    if (withhold.length > 0)
      log.warn("instances are silent and leave the route tables", { instances: names(withhold) });
    if (putBack.length > 0) log.info("instances return to the route tables", { instances: names(putBack) });
  }

  #watched(row: InstanceRow): WatchedInstance {
    return {
      id: row.id,
      service: row.service,
      heardMs: this.#heard.get(row.id),
      routedMs: row.routing_changed_ms,
      isWithheld: row.withheld_ms > 0,
      reports: row.host_id !== null,
    };
  }

  // Instances come and go for as long as the server lives.
  #forget(rows: readonly InstanceRow[]): void {
    if (this.#heard.size < rows.length * 2 + 1_000) return;
    const now = this.#parts.now();
    for (const [id, heardMs] of this.#heard) if (now - heardMs > 3_600_000) this.#heard.delete(id);
  }
}
