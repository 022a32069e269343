import type { Log } from "@msec/process";
import type { HostState } from "../agents/host-directory.ts";

/** Alarms judge a minute half a minute after it ended: what a clock that is further behind says of it comes too late. */
const CLOCK_WRONG_MS = 30_000;

/** Between two words in the log of rows of the same host that were left out. */
const SAID_AGAIN_MS = 600_000;

/** A host whose clock is wrong. */
export interface WrongClock {
  readonly name: string;
  /** Milliseconds since 1970 UTC, by the server's clock. */
  readonly sinceMs: number;
  /** By how much it is ahead of the server's, milliseconds; negative: behind. */
  readonly aheadMs: number;
  /** Rows of its telemetry that were left out for their times since then. */
  readonly leftOutRows: number;
}

interface HostClock {
  name: string;
  aheadMs: number;
  /** 0 where it is right. */
  sinceMs: number;
  leftOutRows: number;
  saidMs: number;
}

/** How far the clocks of hosts are from the server's, by what their agents report, and what that costs. */
export class HostClocks {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #byId = new Map<string, HostClock>();
  /** Rows that were left out for their times, of all hosts, since this server started. */
  leftOutRows = 0;

  /** @param now  milliseconds since 1970 UTC */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** A host has just reported. */
  heard({ id, name, report, reportedMs }: HostState): void {
    const clockMs = report?.clockMs ?? 0;
    // An earlier agent does not say.
    if (clockMs === 0) return;
    const clock = this.#clockOf(id, name);
    clock.aheadMs = clockMs - reportedMs;
    const isWrong = Math.abs(clock.aheadMs) > CLOCK_WRONG_MS;
    if (isWrong === clock.sinceMs > 0) return;
    clock.sinceMs = isWrong ? reportedMs : 0;
    clock.leftOutRows = 0;
    if (isWrong) this.#log.warn(`the clock of host ${name} is ${clockText(clock.aheadMs)} the server's`);
    else this.#log.info(`the clock of host ${name} is right again`);
  }

  /** Rows of a host were left out for their times. */
  leftOut({ id, name }: Pick<HostState, "id" | "name">, rows: number): void {
    this.leftOutRows += rows;
    const clock = this.#clockOf(id, name);
    clock.leftOutRows += rows;
    if (this.#now() - clock.saidMs < SAID_AGAIN_MS) return;
    clock.saidMs = this.#now();
    const why = "their times are more than an hour ahead, or before what is kept";
    this.#log.warn(`telemetry of host ${name} was left out: ${why}`, { rows });
  }

  /** Hosts whose clocks are wrong, of those that are given. */
  wrong(hosts: readonly Pick<HostState, "id">[]): WrongClock[] {
    return hosts.flatMap(({ id }) => {
      const clock = this.#byId.get(id);
      return clock === undefined || clock.sinceMs === 0 ? [] : [clock];
    });
  }

  /** A host was removed. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  #clockOf(id: string, name: string): HostClock {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const clock = { name, aheadMs: 0, sinceMs: 0, leftOutRows: 0, saidMs: Number.NEGATIVE_INFINITY };
    this.#byId.set(id, clock);
    return clock;
  }
}

/** `61 min ahead of`, `45 s behind`. */
export function clockText(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3_600)} h`;
  return `${amount} ${aheadMs > 0 ? "ahead of" : "behind"}`;
}
