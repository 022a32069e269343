import { Code } from "./code.ts";
import { type CreateLoopWatch, LoopLateness, type LoopWatch } from "./loop-lateness.ts";
import { Priority } from "./priority.ts";
import { RpcError } from "./rpc-error.ts";
import type { ServedCall } from "./served-call.ts";

/** What a listener does when more is asked than it can do. */
export interface OverloadOptions {
  /** Milliseconds that calls may wait before they run until the first are refused, or as long as 20 of them take, up to five times that; 1…60_000, 0 never. Default 100. */
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
  /** How late the event loop was in its last turn, in milliseconds: calls waited about so long. */
  readonly waitMs: number;
  /** Share of calls that is admitted, 0.05…1. */
  readonly admitted: number;
}

const windowMs = 100;
const leastShare = 0.05;
/** So many calls may always wait: where each takes 10 ms of the processor, a queue of 200 ms is no more than that. */
const callsInTarget = 20;
/** But no more than so many targets, since callers do not wait for ever; yet always a few calls, however heavy. */
const targetsAllowed = 5;
const fewCalls = 4;
/** A queue above the target that has not become shorter for so long is overload, though it may not grow. */
const standingMs = 1_000;
/** A turn that is so much longer than the shortest one since the queue was above the target: it grows. Twice, for a machine has hiccups. */
const growth = 1.1;
/** A turn that is so much longer is enough by itself. */
const leap = 2;
/** What of the measured capacity is given out: the rest lets queues become shorter. */
const usedShare = 0.97;
/** Where the loop idles all the same, so much of the idle part is given out as well, the more the shorter the queue is below this part of what is allowed. */
const idleShare = 0.5;
const shortQueue = 0.3;
/** How much less is admitted at most for a queue that is too long: one that an interruption made is worked off without the loop running dry behind it. */
const leastForQueue = 0.85;
/** Without calls for so long, what was learned is old. */
const forgetMs = 2_000;
const noPriorities: ReadonlyMap<string, Priority> = new Map();
/** After how much of the target, within one turn, calls of each priority are refused while there is overload. */
const cutAt = [0.5, 1, 1.5, Number.POSITIVE_INFINITY] as const;

/**
 * Refuses calls before they run when they wait too long, the least important ones first.
 *
 * States: `calm` → (turns of the event loop above the target that grow, or do not get shorter) `shedding` → (the share is back at 1) `calm`. While calm a
 * call costs a comparison or two. docs/decisions/0003-call-semantics.md says why by these signs.
 */
export class Overload {
  readonly #targetMs: number;
  readonly #maxWaitMs: number;
  readonly #priorities: ReadonlyMap<string, Priority>;
  readonly #onChange: ((state: OverloadState) => void) | undefined;
  readonly #tooLate: RpcError;
  readonly #loop: LoopWatch;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  /** When the next call is to look whether the turn takes too long. */
  #lookMs = 0;
  #lastCallMs = Number.NEGATIVE_INFINITY;
  /** Calls of this window; while shedding, those that were admitted. */
  #calls = 0;
  #admitted = 0;
  /** Handlers that run, now and at the end of the last window. */
  #running: () => number = () => 0;
  #runningBefore = 0;
  /** Calls that came and that were done in a millisecond, and the part of it that the loop was busy: means over the last windows. */
  #meanArrived = Number.NaN;
  #meanDone = Number.NaN;
  #meanBusy = Number.NaN;
  /** Milliseconds of the loop that a call takes, as a mean over the last windows. */
  #callMs = Number.NaN;
  /** The target, or as long as `callsInTarget` take, within bounds. */
  #allowedMs: number;
  /** The shortest turn since they are above the target; 0 while they are not. */
  #shortestMs = 0;
  #shortestAtMs = 0;
  #growths = 0;
  /** The last turn above the target: how long it was, and when it ended. */
  #longMs = 0;
  #longAtMs = 0;
  #lastWaitMs = 0;
  #share = 1;
  readonly #arrived = [0, 0, 0, 0];
  /** Part of each priority's calls that is admitted, 0…1. */
  readonly #parts = [1, 1, 1, 1];
  #refusal: RpcError | undefined;

  /** @param watchLoop  another event loop than this process's own, such as a simulated one */
  constructor(options: OverloadOptions = {}, watchLoop: CreateLoopWatch = (onTurn) => new LoopLateness(onTurn)) {
    this.#loop = watchLoop((nowMs, lateMs) => this.#endTurn(nowMs, lateMs));
    this.#targetMs = checked("targetMs", options.targetMs ?? 100, 60_000);
    this.#maxWaitMs = checked("maxWaitMs", options.maxWaitMs ?? 800, 3_600_000);
    this.#allowedMs = this.#targetMs;
    this.#tooLate = tooLate(this.#maxWaitMs);
    this.#priorities = options.priorities ?? noPriorities;
    this.#onChange = options.onChange;
  }

  /** As of the last turn of the event loop. */
  get state(): OverloadState {
    return { shedding: this.#refusal !== undefined, waitMs: this.#lastWaitMs, admitted: this.#share };
  }

  /** Why a call cannot run now; `undefined` when it can. Call it just before the call runs. */
  admit(call: ServedCall, nowMs: number): RpcError | undefined {
    this.#calls++;
    if (nowMs >= this.#lookMs) {
      this.#look(nowMs);
    }
    if (call.waitingSinceMs !== 0 && nowMs - call.waitingSinceMs > this.#maxWaitMs && this.#maxWaitMs !== 0) {
      return this.#tooLate;
    }
    return this.#refusal ? this.#draw(call, nowMs, this.#refusal) : undefined;
  }

  /** Tell how many handlers run: what is done is counted by them. Without this, calls are taken to be done when they were admitted. */
  countRunning(running: () => number): void {
    this.#running = running;
  }

  /** Stop the timer; it starts again with the next call. */
  stop(): void {
    this.#loop.stop();
  }

  #draw(call: ServedCall, nowMs: number, refusal: RpcError): RpcError | undefined {
    const priority = this.#priorities.get(call.method) ?? Priority.Normal;
    this.#arrived[priority]!++;
    // A turn may bring thousands of calls: those at its end waited for all the others. Going through them at once bounds the wait of what is admitted.
    if (this.#loop.overdueMs(nowMs) > this.#allowedMs * cutAt[priority]!) {
      return refusal;
    }
    const part = this.#parts[priority]!;
    if (part < 1) {
      // The trace id is the same in every service on the path: what one refuses the next ones would have refused as well.
      const { ids, idsAt } = call;
      if (((ids[idsAt + 14]! << 8) | ids[idsAt + 15]!) / 65_536 >= part) {
        return refusal;
      }
    }
    this.#admitted++;
    return undefined;
  }

  /** Within a turn, at most every 20 ms: it may be so long that its end comes too late. */
  #look(nowMs: number): void {
    this.#lookMs = nowMs + 20;
    if (this.#targetMs === 0) {
      return;
    }
    if (nowMs - this.#lastCallMs > forgetMs) {
      this.#forget(nowMs);
    }
    this.#lastCallMs = nowMs;
    this.#loop.ask(nowMs);
    if (!this.#refusal && this.#shortestMs !== 0) {
      const overdueMs = this.#loop.overdueMs(nowMs);
      if (overdueMs > this.#shortestMs * (this.#growths >= 1 ? growth * growth : leap)) {
        this.#begin(overdueMs);
      }
    }
  }

  #forget(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#loop.takeBusy();
    this.#calls = 0;
    this.#runningBefore = this.#running();
    this.#meanDone = Number.NaN;
    this.#meanBusy = Number.NaN;
    this.#callMs = Number.NaN;
    this.#allowedMs = this.#targetMs;
    this.#shortestMs = 0;
    this.#change(1);
  }

  #endTurn(nowMs: number, lateMs: number): void {
    this.#lastWaitMs = lateMs;
    if (this.#calls > 0) {
      this.#lastCallMs = nowMs;
    }
    if (!this.#refusal && this.#isOverload(nowMs, lateMs)) {
      this.#begin(lateMs);
    } else if (nowMs - this.#windowStartMs >= windowMs) {
      this.#endWindow(nowMs, lateMs);
    }
  }

  #isOverload(nowMs: number, lateMs: number): boolean {
    if (lateMs <= this.#allowedMs) {
      // One short turn means little: what the long one let in may be waiting for something else before it works.
      if (nowMs - this.#longAtMs > this.#longMs) {
        this.#shortestMs = 0;
      }
      return false;
    }
    this.#longMs = Math.max(2 * windowMs, lateMs);
    this.#longAtMs = nowMs;
    if (this.#shortestMs === 0 || lateMs < this.#shortestMs) {
      // Becoming shorter: a burst, or what came up while the process could not run. It is being worked off.
      if (this.#shortestMs === 0 || lateMs < this.#shortestMs * 0.9) {
        this.#shortestAtMs = nowMs;
        this.#growths = 0;
      }
      this.#shortestMs = lateMs;
      return false;
    }
    if (lateMs > this.#shortestMs * growth) {
      this.#growths++;
    }
    return this.#growths >= 2 || nowMs - this.#shortestAtMs > standingMs;
  }

  /** Refuse from now on, at first only what waits too long: that shows how much can be done. */
  /** Refuse from now on, at first only what waits too long: that shows how much comes. */
  #begin(waitMs: number): void {
    this.#lastWaitMs = waitMs;
    this.#meanArrived = Number.NaN;
    this.#admitted = this.#calls;
    this.#arrived.fill(0);
    this.#arrived[Priority.Normal] = this.#calls;
    this.#change(0.99);
  }

  #endWindow(nowMs: number, lateMs: number): void {
    const busyMs = (nowMs - this.#windowStartMs) * this.#loop.takeBusy();
    const lengthMs = nowMs - this.#windowStartMs;
    this.#windowStartMs = nowMs;
    const ran = this.#refusal ? this.#admitted : this.#calls;
    const running = this.#running();
    const done = Math.max(0, ran - (running - this.#runningBefore));
    this.#runningBefore = running;
    const arrived = this.#arrived.reduce((sum, count) => sum + count, 0);
    this.#meanArrived = mean(this.#meanArrived, arrived / lengthMs);
    this.#meanDone = mean(this.#meanDone, done / lengthMs);
    this.#meanBusy = mean(this.#meanBusy, busyMs / lengthMs);
    this.#calls = 0;
    this.#admitted = 0;
    if (ran + done > 0) {
      // The larger count: where calls pile up that wait for something before they work, few are done.
      this.#callMs = mean(this.#callMs, busyMs / Math.max(ran, done));
      const mostMs = Math.max(targetsAllowed * this.#targetMs, this.#callMs * fewCalls);
      this.#allowedMs = Math.max(this.#targetMs, Math.min(mostMs, this.#callMs * callsInTarget));
    }
    if (this.#refusal && this.#meanArrived > 0) {
      const possible = this.#meanDone / Math.max(0.05, this.#meanBusy) / this.#meanArrived;
      // What waits already has to be worked off as well; where nothing waits and the loop idles, too much was refused, unless it is only still to be felt.
      const isFelt = running <= ran;
      const idle = isFelt
        ? Math.max(0, 1 - busyMs / lengthMs) * Math.max(0, 1 - lateMs / (this.#allowedMs * shortQueue))
        : 0;
      const forQueue = Math.max(leastForQueue, Math.min(1 + idleShare * idle, this.#allowedMs / lateMs));
      const share = possible * usedShare * forQueue;
      // All are admitted again when none has to wait: not while what came before it began is still being worked off.
      const most = lateMs > this.#allowedMs ? 0.99 : 1;
      this.#change(Math.min(most, this.#share * 1.3, Math.max(this.#share * 0.6, share)));
    }
  }

  #change(share: number): void {
    const wasShedding = this.#refusal !== undefined;
    this.#share = Math.min(1, Math.max(leastShare, share));
    if (this.#share < 1) {
      this.#divide();
      this.#refusal = this.#overloaded(this.#lastWaitMs);
    } else {
      this.#refusal = undefined;
      this.#shortestMs = 0;
      this.#parts.fill(1);
    }
    this.#arrived.fill(0);
    if (wasShedding !== (this.#refusal !== undefined)) {
      this.#onChange?.({ shedding: !wasShedding, waitMs: this.#lastWaitMs, admitted: this.#share });
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

/** The mean of all windows, the last of which counts three tenths; the first alone where there was none. */
function mean(before: number, value: number): number {
  return Number.isNaN(before) ? value : before + 0.3 * (value - before);
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
