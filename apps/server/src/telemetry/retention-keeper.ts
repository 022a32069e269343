import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "@msec/process";
import {
  defaultRetention,
  type KindRetention,
  type Retention,
  StoreErrorReason,
  type TelemetryKind,
  type TelemetryStore,
  TelemetryStoreError,
  telemetryKinds,
} from "@msec/telemetry-store";
import type { ServerStore } from "../schema.ts";
import { forgetEvents } from "./metrics-events.ts";

const sweepMs = 10 * 60_000;
/** Until the store has started, which it does after the server. */
const retryMs = 2_000;
const eventsKeptMs = 731 * 86_400_000;

/** Keeps the telemetry store within what the control plane's database says. */
export class RetentionKeeper {
  readonly #store: ServerStore;
  readonly #telemetry: Pick<TelemetryStore, "applyRetention">;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(store: ServerStore, telemetry: Pick<TelemetryStore, "applyRetention">, log: Log, now: () => number) {
    this.#store = store;
    this.#telemetry = telemetry;
    this.#log = log;
    this.#now = now;
  }

  /** What is to be kept. */
  async read(): Promise<Retention> {
    const rows = await this.#store.db.selectFrom("telemetry_retention").selectAll().execute();
    const set = rows.map(({ kind, days, max_bytes }) => [kind, { days, maxBytes: Number(max_bytes) }]);
    return { ...defaultRetention, ...Object.fromEntries(set.filter(([kind]) => isTelemetryKind(kind as string))) };
  }

  /** Change what is to be kept, and apply it at once where the store answers (else as soon as it does). */
  async set(changes: ReadonlyMap<TelemetryKind, KindRetention>): Promise<Retention> {
    await this.#store.transaction(async (transaction) => {
      for (const [kind, { days, maxBytes }] of changes) {
        await transaction
          .insertInto("telemetry_retention")
          .values({ kind, days, max_bytes: maxBytes })
          .onConflict((conflict) => conflict.column("kind").doUpdateSet({ days, max_bytes: maxBytes }))
          .execute();
      }
    });
    await this.#apply();
    return await this.read();
  }

  /** Apply it as soon as the store answers, and every ten minutes from then on. Returns at once. */
  start(): void {
    const { signal } = this.#stopping;
    this.#running = (async () => {
      while (!signal.aborted) {
        const done = await this.#apply();
        await delay(done ? sweepMs : retryMs, undefined, { signal, ref: false }).catch(() => {}); // Aborted: the loop ends.
      }
    })();
  }

  /** End, when what runs is finished. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** @returns whether the store answered */
  async #apply(): Promise<boolean> {
    try {
      const { dropped } = await this.#telemetry.applyRetention(await this.read());
      if (dropped.length > 0) {
        this.#log.warn("telemetry took more than it may: the oldest was dropped", { dropped: dropped.join(", ") });
      }
      await forgetEvents(this.#store, this.#now() - eventsKeptMs);
      return true;
    } catch (error) {
      if (error instanceof TelemetryStoreError && error.reason === StoreErrorReason.Unavailable) return false;
      this.#log.error("the retention of telemetry cannot be applied; trying again in ten minutes", { error });
      return true;
    }
  }
}

/** Whether it is `spans`, `logs`, `calls` or `samples`. */
export function isTelemetryKind(kind: string): kind is TelemetryKind {
  return (telemetryKinds as readonly string[]).includes(kind);
}
