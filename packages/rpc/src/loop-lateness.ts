import { performance } from "node:perf_hooks";
import { busyWait } from "./busy-wait.ts";

const periodMs = 20;
const restAfterMs = 1_000;

/** What overload is judged by: the turns of the event loop. */
export interface LoopWatch {
  /** Go on measuring for another second. */
  ask(nowMs: number): void;
  /** By how many milliseconds the turn that runs now is late already; 0 where it is not, or nothing is measured. */
  overdueMs(nowMs: number): number;
  /** Which part of the time since the last call of this the loop was busy, 0…1. */
  takeBusy(): number;
  /** Measure no more, until asked again. */
  stop(): void;
}

/** Makes a watch that tells each turn that ended: now, and its lateness in milliseconds (0 for turns below 20 ms). */
export type CreateLoopWatch = (onTurn: (nowMs: number, lateMs: number) => void) => LoopWatch;

/**
 * How late the event loop is: what waits in the sockets before it is read waits about so long.
 *
 * A timer of 20 ms fires once in each turn of the loop that takes longer than that, so its lateness is how long that turn was. One timer instead of
 * `perf_hooks.monitorEventLoopDelay`, which fires a hundred times a second for as long as it is on, whether or not anybody is served;
 * this one rests when nobody has asked for a second. 50 firings a second cost about 0.01 % of a core.
 */
export class LoopLateness implements LoopWatch {
  readonly #onTurn: (nowMs: number, lateMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #askedMs = 0;
  #utilization = performance.eventLoopUtilization();
  #waitedMs = 0;

  constructor(onTurn: (nowMs: number, lateMs: number) => void) {
    this.#onTurn = onTurn;
  }

  ask(nowMs: number): void {
    this.#askedMs = nowMs;
    if (!this.#timer) {
      this.#arm(nowMs);
    }
  }

  overdueMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#dueMs);
  }

  takeBusy(): number {
    const utilization = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(utilization, this.#utilization);
    this.#utilization = utilization;
    const waitedMs = busyWait.waitedMs - this.#waitedMs;
    this.#waitedMs = busyWait.waitedMs;
    return Math.max(0, since.utilization - waitedMs / (since.idle + since.active));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #arm(nowMs: number): void {
    this.#dueMs = nowMs + periodMs;
    this.#timer = setTimeout(() => this.#fire(), periodMs);
    this.#timer.unref();
  }

  #fire(): void {
    const nowMs = performance.now();
    const lateMs = this.overdueMs(nowMs);
    if (nowMs - this.#askedMs > restAfterMs) {
      this.stop();
    } else {
      this.#arm(nowMs);
    }
    this.#onTurn(nowMs, lateMs);
  }
}
