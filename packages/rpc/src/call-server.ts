import { performance } from "node:perf_hooks";
import { runInContextOnly } from "./call-context.ts";
import { CallRecord, CallSide } from "./call-record.ts";
import { Code } from "./code.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import type { ServedMethod } from "./method-table.ts";
import type { CallObserver } from "./observer.ts";
import type { Overload } from "./overload.ts";
import { PlaceSet } from "./place-set.ts";
import { RpcError, rpcErrorFromUnknown } from "./rpc-error.ts";
import type { ServedCall } from "./served-call.ts";
import { wallClockUs } from "./wall-clock.ts";

/**
 * Runs handlers: the part of serving that every protocol shares.
 *
 * A protocol makes a `ServedCall`, asks `admit`, decodes the body and hands both to `serve`; or gives it to `refuse`. Every call
 * is answered exactly once, by the response, by the error, or at the latest by its deadline, and every one is observed.
 */
export class CallServer {
  /** Handlers that were started and have not ended, whether or not their caller still waits. */
  inFlight = 0;
  /** Handlers that were ever started. */
  begun = 0;
  /** Set when the listener stops: new calls are refused. */
  stopping = false;
  readonly #maxInFlight: number;
  readonly #maxHops: number;
  readonly #observer: CallObserver | undefined;
  readonly #overload: Overload | undefined;
  readonly #waiting = new PlaceSet<ServedCall>();
  readonly #deadlines = new DeadlineTimer((nowMs) => this.#expire(nowMs));
  readonly #record = new CallRecord(CallSide.Server);
  /** `performance.now()` as last looked at within a read, while nothing that takes time has run since; else 0. */
  #clockMs = 0;
  #isReading = false;
  #idle: (() => void) | undefined;

  /**
   * @param options.maxHops   services that a request may have been through; default 32
   * @param options.overload  refuses calls that would wait too long; default: none is refused for that
   */
  constructor(options: {
    maxInFlight: number;
    maxHops?: number;
    observer?: CallObserver | undefined;
    overload?: Overload | undefined;
  }) {
    this.#maxInFlight = options.maxInFlight;
    this.#maxHops = options.maxHops ?? 32;
    this.#observer = options.observer;
    this.#overload = options.overload;
    options.overload?.countRunning(() => this.inFlight);
  }

  /**
   * What follows until `endRead` comes out of one read, without a pause: the clock is then looked at once a call instead of twice (56 ns each).
   *
   * @param nowMs  `performance.now()`
   */
  beginRead(nowMs: number): void {
    this.#isReading = true;
    this.#clockMs = nowMs;
  }

  /** The read is over. */
  endRead(): void {
    this.#isReading = false;
    this.#clockMs = 0;
  }

  /** Why a call that has just arrived cannot run, or `undefined` if it can. */
  admit(call: ServedCall): RpcError | undefined {
    if (this.stopping) {
      return new RpcError(Code.Unavailable, "the service is stopping; call another instance", {
        details: { notExecuted: true },
      });
    }
    if (this.inFlight >= this.#maxInFlight) {
      return new RpcError(
        Code.ResourceExhausted,
        `the service already runs calls.max ${this.#maxInFlight} calls; call another instance or later`,
        { details: { notExecuted: true } },
      );
    }
    if (call.hops > this.#maxHops) {
      // Not `notExecuted`: another instance would send it round the same circle.
      return new RpcError(
        Code.FailedPrecondition,
        `the request has been through ${call.hops} services, calls.maxHops is ${this.#maxHops}; do services call each other in a circle?`,
      );
    }
    if (call.deadline === Number.POSITIVE_INFINITY && !this.#overload) {
      return undefined;
    }
    const nowMs = this.#clockMs || performance.now();
    call.admittedMs = nowMs;
    if (call.deadline <= nowMs) {
      return new RpcError(Code.DeadlineExceeded, "the deadline passed before the handler ran", {
        details: { notExecuted: true },
      });
    }
    return this.#overload?.admit(call, nowMs);
  }

  /** Run the handler and answer, now or when its promise settles. Never throws. */
  serve(call: ServedCall, method: ServedMethod, request: unknown): void {
    // Decoding the body is all that happens between the two: not worth another look at the clock.
    call.startedMs = call.admittedMs || (this.#observer ? performance.now() : 0);
    this.#clockMs = 0;
    let result: object | Promise<object>;
    try {
      result = runInContextOnly(call, method.handle, request, call);
    } catch (thrown) {
      this.refuse(call, rpcErrorFromUnknown(thrown));
      return;
    }
    if (!isThenable(result)) {
      const nowMs = this.#answer(call, result);
      this.#clockMs = this.#isReading ? nowMs : 0;
      return;
    }
    this.#enter(call);
    result.then(
      (fields) => {
        this.#ended(call);
        this.#answer(call, fields);
      },
      (thrown) => {
        this.#ended(call);
        this.refuse(call, rpcErrorFromUnknown(thrown));
      },
    );
  }

  /** Count a streaming call as running, until `leave`; `serveStream` sees to both. */
  enter(call: ServedCall): void {
    call.startedMs = performance.now();
    this.#enter(call);
  }

  /** The handler of a streaming call has ended. */
  leave(call: ServedCall): void {
    this.#ended(call);
  }

  /** A streaming call was answered whole. */
  complete(call: ServedCall, responseBytes: number): void {
    if (!call.settled) {
      call.settled = true;
      this.#observe(call, Code.Ok, "", responseBytes);
    }
  }

  /** Answer with an error, unless the call is settled already. */
  refuse(call: ServedCall, error: RpcError): void {
    if (call.settled) {
      return;
    }
    call.settled = true;
    call.respondError(error);
    this.#observe(call, error.code, error.message, 0);
  }

  /** The caller is gone: cancel the handler, answer nobody. */
  abandon(call: ServedCall, reason: RpcError): void {
    if (call.settled) {
      return;
    }
    call.settled = true;
    call.cancel(reason);
    this.#observe(call, reason.code, reason.message, 0);
  }

  /** Resolves when no handler runs, or after `graceMs`. @returns whether all have ended */
  async drained(graceMs: number): Promise<boolean> {
    if (this.inFlight === 0) {
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#idle = () => resolve(true);
    const timer = setTimeout(() => resolve(false), graceMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#idle = undefined;
    }
  }

  /** Cancel every handler that still runs and stop all timers. */
  cancelAll(reason: RpcError): void {
    for (const call of [...this.#waiting]) {
      call.cancel(reason);
      this.refuse(call, reason);
    }
    this.#deadlines.stop();
    this.#overload?.stop();
  }

  #enter(call: ServedCall): void {
    this.inFlight++;
    this.begun++;
    call.waitingAt = this.#waiting.add(call);
    if (call.deadline !== Number.POSITIVE_INFINITY) {
      this.#deadlines.add(call.deadline);
    }
  }

  /** @returns `performance.now()`, or 0 where nobody looked */
  #answer(call: ServedCall, fields: object): number {
    if (call.settled) {
      return 0;
    }
    call.settled = true;
    let responseBytes: number;
    try {
      responseBytes = call.respond(fields);
    } catch (thrown) {
      const error =
        thrown instanceof RpcError
          ? thrown
          : new RpcError(
              Code.Internal,
              `the handler of ${call.method} gave a response that cannot be encoded: ${messageOf(thrown)}`,
              {
                cause: thrown,
              },
            );
      call.respondError(error);
      return this.#observe(call, error.code, error.message, 0);
    }
    return this.#observe(call, Code.Ok, "", responseBytes);
  }

  #ended(call: ServedCall): void {
    const moved = this.#waiting.removeAt(call.waitingAt);
    if (moved !== undefined) {
      moved.waitingAt = call.waitingAt;
    }
    if (--this.inFlight === 0) {
      this.#idle?.();
    }
  }

  #expire(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.#waiting) {
      if (call.settled) {
        continue;
      }
      if (call.deadline <= nowMs) {
        const error = new RpcError(Code.DeadlineExceeded, "the deadline passed while the handler ran");
        this.refuse(call, error);
        call.cancel(error);
      } else if (call.deadline < next) {
        next = call.deadline;
      }
    }
    return next;
  }

  #observe(call: ServedCall, code: Code, message: string, responseBytes: number): number {
    if (!this.#observer) {
      return 0;
    }
    const nowMs = performance.now();
    const started = call.startedMs !== 0;
    const record = this.#record;
    record.method = started || code !== Code.Unimplemented ? call.method : "";
    record.peerService = call.caller;
    record.peerInstance = call.peer;
    record.useIds(call.ids, call.idsAt);
    record.startUs = wallClockUs(call.receivedMs);
    record.durationUs = (nowMs - call.receivedMs) * 1000;
    record.queueUs = ((started ? call.startedMs : nowMs) - call.receivedMs) * 1000;
    record.code = code;
    record.message = message;
    record.requestBytes = call.requestBytes;
    record.responseBytes = responseBytes;
    record.deadlineMs =
      call.deadline === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.round(call.deadline - call.receivedMs));
    this.#observer.onServerCall(record);
    return nowMs;
  }
}

function isThenable(result: object | Promise<object>): result is Promise<object> {
  return result instanceof Promise || typeof (result as { then?: unknown } | undefined)?.then === "function";
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
