import { performance } from "node:perf_hooks";
import { Code } from "./code.ts";
import { LoopLateness } from "./loop-lateness.ts";
import { Priority } from "./priority.ts";
import { RpcError } from "./rpc-error.ts";
import type { ServedCall } from "./served-call.ts";

/** What a listener does when more is asked than it can do. */
export interface OverloadOptions {
  /** Milliseconds that calls may wait before they run, as a mean, until the first are refused, or as long as 20 of them take; 1…60_000, 0 never. Default 100. */
  readonly targetMs?: number | undefined;
  /** Milliseconds after which a single call that has not begun is refused, whatever its priority; 1…3_600_000, 0 never. Default 800. */
  readonly maxWaitMs?: number | undefined;
  /** By full method name; methods that are not in it are `Normal`. */
  readonly priorities?: ReadonlyMap<string, Priority> | undefined;
  /** Hears when refusing begins and ends. */
  readonly onChange?: ((state: OverloadState) => void) | undefined;
}

/** What {@link Overload} sees and does. */
export interface OverloadState {
  /** Whether calls are being refused. */
  readonly shedding: boolean;
  /** Mean wait of the last window in milliseconds: in this process, and the lateness of its event loop. */
  readonly waitMs: number;
  /** Share of calls that is admitted, 0.05…1. */
  readonly admitted: number;
}

const windowMs = 100;
/** A window in which the loop idled more than this is no overload, whatever calls waited for. */
const busyShare = 0.9;
const leastShare = 0.05;
/** So many calls may always wait: where each takes 10 ms of the processor, a queue of 200 ms is no more than that. */
const callsInTarget = 20;
const longestSettlingMs = 500;
/** Without calls for so long, what was learned is old. */
const forgetMs = 2_000;
const noPriorities: ReadonlyMap<string, Priority> = new Map();

/**
 * Refuses calls before they run when they wait too long, the least important ones first.
 *
 * States: `calm` → (two busy windows in a row above the target) `shedding` → (the share is back at 1) `calm`. While calm a call costs
 * an addition and a comparison. docs/decisions/0003-call-semantics.md says why by these signs.
 */
export class Overload {
  readonly #targetMs: number;
  readonly #maxWaitMs: number;
  readonly #priorities: ReadonlyMap<string, Priority>;
  readonly #onChange: ((state: OverloadState) => void) | undefined;
  readonly #tooLate: RpcError;
  readonly #lateness = new LoopLateness();
  #utilization = performance.eventLoopUtilization();
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #windowEndMs = 0;
  #calls = 0;
  #waitedMs = 0;
  #overWindows = 0;
  #share = 1;
  /** The share at which it was last too much. */
  #overShare = 1;
  /** While calls are refused: what waited longer is refused too. */
  #longestMs = 0;
  /** `performance.now()` when the last change has had its effect. */
  #settledMs = 0;
  #lastWaitMs = 0;
  /** Counted only where somebody may have to be refused. */
  #isCounting = false;
  readonly #arrived = [0, 0, 0, 0];
  /** Part of each priority's calls that is admitted, 0…1. */
  readonly #parts = [1, 1, 1, 1];
  #refusal: RpcError | undefined;

  constructor(options: OverloadOptions = {}) {
    this.#targetMs = checked("targetMs", options.targetMs ?? 100, 60_000);
    this.#maxWaitMs = checked("maxWaitMs", options.maxWaitMs ?? 800, 3_600_000);
    this.#tooLate = tooLate(this.#maxWaitMs);
    this.#priorities = options.priorities ?? noPriorities;
    this.#onChange = options.onChange;
  }

  /** As of the last window. */
  get state(): OverloadState {
    return { shedding: this.#refusal !== undefined, waitMs: this.#lastWaitMs, admitted: this.#share };
  }

  /** Why a call cannot run now; `undefined` when it can. Call it just before the call runs. */
  admit(call: ServedCall, nowMs: number): RpcError | undefined {
    if (nowMs >= this.#windowEndMs) {
      this.#endWindow(nowMs);
    }
    const waitedMs = call.waitingSinceMs === 0 ? 0 : nowMs - call.waitingSinceMs;
    this.#calls++;
    this.#waitedMs += waitedMs;
    if (waitedMs > this.#maxWaitMs && this.#maxWaitMs !== 0) {
      return this.#tooLate;
    }
    return this.#isCounting ? this.#draw(call, waitedMs) : undefined;
  }

  /** Stop the timer; it starts again with the next call. */
  stop(): void {
    this.#lateness.stop();
  }

  #draw(call: ServedCall, waitedMs: number): RpcError | undefined {
    const priority = this.#priorities.get(call.method) ?? Priority.Normal;
    this.#arrived[priority]!++;
    if (!this.#refusal) {
      return undefined;
    }
    // A read may bring hundreds of calls: those at its end waited for all the others. Going through them at once bounds the wait of what is admitted.
    if (waitedMs > this.#longestMs && priority < Priority.Critical) {
      return this.#refusal;
    }
    const part = this.#parts[priority]!;
    if (part >= 1) {
      return undefined;
    }
    // The trace id is the same in every service on the path: what one refuses the next ones would have refused as well.
    const { traceId } = call;
    const draw = ((traceId[14]! << 8) | traceId[15]!) / 65_536;
    return draw < part ? undefined : this.#refusal;
  }

  #endWindow(nowMs: number): void {
    const lengthMs = nowMs - this.#windowStartMs;
    const isFirst = lengthMs > forgetMs;
    this.#windowStartMs = nowMs;
    this.#windowEndMs = nowMs + windowMs;
    const lateMs = this.#lateness.take(nowMs);
    const utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#utilization = utilization;
    const waitMs = lateMs + (this.#calls === 0 ? 0 : this.#waitedMs / this.#calls);
    const callMs = (lengthMs * busy) / Math.max(1, this.#calls);
    this.#calls = 0;
    this.#waitedMs = 0;
    this.#lastWaitMs = waitMs;
    if (this.#targetMs === 0) {
      return;
    }
    if (isFirst) {
      this.#share = 1;
    }
    const targetMs = Math.max(this.#targetMs, callMs * callsInTarget);
    this.#longestMs = targetMs;
    this.#judge(nowMs, waitMs, targetMs, !isFirst && waitMs > targetMs && busy >= busyShare);
  }

  #judge(nowMs: number, waitMs: number, targetMs: number, isOver: boolean): void {
    this.#overWindows = isOver ? this.#overWindows + 1 : 0;
    if (this.#overWindows >= 2) {
      // What was refused is felt only when the calls that wait now have been through: judging before would go too far.
      if (nowMs >= this.#settledMs) {
        this.#settledMs = nowMs + Math.min(longestSettlingMs, 2 * waitMs);
        this.#overShare = this.#share;
        this.#share = Math.max(leastShare, this.#share * Math.min(0.95, Math.max(0.7, targetMs / waitMs)));
      }
    } else if (!isOver && this.#share < 1) {
      // Soon back to near where it was too much, then slowly.
      this.#share = Math.min(1, this.#share + (this.#share < this.#overShare * 0.85 ? 0.05 : 0.01));
    }
    const wasShedding = this.#refusal !== undefined;
    this.#isCounting = isOver || this.#share < 1;
    if (this.#share < 1) {
      this.#divide();
      this.#refusal = this.#overloaded(waitMs);
    } else {
      this.#refusal = undefined;
    }
    this.#arrived.fill(0);
    if (wasShedding !== (this.#refusal !== undefined)) {
      this.#onChange?.({ shedding: !wasShedding, waitMs, admitted: this.#share });
    }
  }

  /** Give what is admitted to the most important calls first, by what arrived in the last window. */
  #divide(): void {
    let room = 0;
    for (const count of this.#arrived) {
      room += count * this.#share;
    }
    if (room === 0) {
      return;
    }
    for (let priority: number = Priority.Critical; priority >= Priority.Low; priority--) {
      const count = this.#arrived[priority]!;
      const taken = Math.min(count, room);
      this.#parts[priority] = count === 0 ? (room > 0 ? 1 : 0) : taken / count;
      room -= taken;
    }
  }

  // One object for all calls of a window: an error with its stack trace would cost more than many a handler.
  #overloaded(waitMs: number): RpcError {
    const retryAfterMs = Math.min(2_000, Math.ceil(windowMs / this.#share));
    return new RpcError(
      Code.ResourceExhausted,
      `the service is overloaded: calls wait ${Math.round(waitMs)} ms before they run, ${Math.round(this.#share * 100)} % are admitted; call another instance or in ${retryAfterMs} ms`,
      { details: { notExecuted: true, retryAfterMs } },
    );
  }
}

// One object as well: it is made once.
function tooLate(maxWaitMs: number): RpcError {
  return new RpcError(
    Code.ResourceExhausted,
    `the call waited longer than msg_timeout ${maxWaitMs} ms before it could run; call another instance or later`,
    { details: { notExecuted: true, retryAfterMs: windowMs } },
  );
}

function checked(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) {
    return value;
  }
  throw new RangeError(`overload.${name} ${value} must be an integer in 0…${max}`);
}
