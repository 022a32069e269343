import type { Reporter, TelemetryStore } from "@msec/telemetry-store";

/** How far back a program counts as one that reports. */
export const treeDays = 7;

const dayMs = 86_400_000;
/** Between looks at what is new: consoles ask every two seconds. */
const refreshMs = 3_000;
/** How far back a look at what is new reaches: minutes that are still being filled, and agents that were a little late. */
const recentMs = 10 * 60_000;
/** Between looks at all seven days, for what arrived long after it happened. */
const wholeMs = 10 * 60_000;

/**
 * The programs that have reported in the last seven days, in memory: all of it is read seldom, what is new every few seconds, however many ask.
 */
export class ReporterTree {
  readonly #telemetry: Pick<TelemetryStore, "listPrograms">;
  readonly #now: () => number;
  #programs = new Map<string, Reporter>();
  #wholeAtMs = Number.NEGATIVE_INFINITY;
  #recentAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** @param now  milliseconds since 1970 UTC */
  constructor(telemetry: Pick<TelemetryStore, "listPrograms">, now: () => number) {
    this.#telemetry = telemetry;
    this.#now = now;
  }

  /**
   * The programs, in no order.
   *
   * @throws as the store does; what is known then is not given, for it may be long out of date
   */
  async read(): Promise<readonly Reporter[]> {
    if (this.#now() - this.#recentAtMs >= refreshMs) {
      this.#reading ??= this.#refresh().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return [...this.#programs.values()];
  }

  async #refresh(): Promise<void> {
    const nowMs = this.#now();
    const oldestMs = nowMs - treeDays * dayMs;
    const whole = nowMs - this.#wholeAtMs >= wholeMs;
    const programs = whole ? new Map<string, Reporter>() : this.#programs;
    const add = (found: readonly Reporter[]) => {
      for (const program of found) {
        const key = `${program.service} ${program.instance} ${program.host}`;
        const known = programs.get(key);
        if (known === undefined || known.lastMs < program.lastMs) programs.set(key, program);
      }
    };
    // A minute ahead: clocks of reporters differ.
    const toMs = nowMs + 60_000;
    if (whole) add(await this.#telemetry.listPrograms({ fromMs: oldestMs, toMs }));
    add(await this.#telemetry.listPrograms({ fromMs: nowMs - recentMs, toMs }));
    for (const [key, { lastMs }] of programs) if (lastMs < oldestMs - dayMs / 24) programs.delete(key);
    this.#programs = programs;
    this.#recentAtMs = nowMs;
    if (whole) this.#wholeAtMs = nowMs;
  }
}
