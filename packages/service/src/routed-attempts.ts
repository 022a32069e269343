import { performance } from "node:perf_hooks";
import type { Route } from "@msec/balance";
import {
  AttemptReason,
  attemptMark,
  type CallContext,
  type CallFollower,
  Code,
  currentContext,
  idOffset,
  RpcError,
  runInContext,
  type TraceParent,
} from "@msec/rpc";
import { isRepeatable, MAX_TRIES, resultOfFailure } from "./call-repeat.ts";
import type { CalledService, KeySource } from "./called-service.ts";
import { newTrace } from "./client-span.ts";
import { pause } from "./pause.ts";
import type { Place } from "./place.ts";
import { backoffMs, isRetryable, RETRIES_MAX, type RepeatPolicy } from "./repeat-policy.ts";

/** What is particular about an attempt that is not simply the first one. */
export type AttemptMarks = {
  /** Another attempt may have reached a handler: the head says so. */
  readonly isRetry: boolean;
  /** Gives up this attempt alone. */
  readonly signal: AbortSignal | undefined;
  /** Which attempt it is, and why: see `attemptMark`. */
  readonly attempt: number;
  /** What the attempt belongs to where no request makes it: its call's trace. */
  readonly parent: TraceParent | undefined;
};

/**
 * One attempt of a call at one instance.
 *
 * @param follower  to be told of its end by whoever can; of others the promise tells it
 */
export type Attempt<T> = (
  place: Place,
  service: string,
  timeoutMs: number,
  marks?: AttemptMarks,
  follower?: CallFollower,
) => Promise<T>;

/** What a call says about its attempts. */
export type AttemptTime = KeySource & {
  readonly attemptTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** One call by name, from its first attempt to its last: it tells the balancer how each of them went, and hands what failed to another instance where that is safe. */
export class RoutedCall<T> implements CallFollower {
  readonly name: string;
  readonly service: CalledService;
  readonly time: AttemptTime;
  readonly attempt: Attempt<T>;
  readonly repeat: RepeatPolicy | undefined;
  /** On the `performance.now()` clock. */
  readonly deadline: number;
  /** Gives up this leg of a hedged call; `undefined` where there is only one. */
  leg: AbortSignal | undefined;
  /** Instances that it has been to; of a hedged call also those where it is. Shared by its legs. */
  tried: Set<Route> | undefined;
  /** Repeats so far of attempts that may have run. */
  retries = 0;
  isTold = false;
  /** Of a call that no request makes, the trace of its first attempt: those after it are part of the same. */
  trace: TraceParent | undefined;
  // The request that makes the call. Who tells of an attempt's end is the connection, which belongs to the request that opened it: what is repeated there would be
  // recorded, given up and limited in time with that one.
  readonly #context: CallContext | undefined = currentContext();
  // Of the attempt that is out: where it is, and since when.
  #route: Route | undefined;
  #begunMs: number;

  // One by one: an object of them would be made for each call and thrown away.
  constructor(
    name: string,
    service: CalledService,
    time: AttemptTime,
    attempt: Attempt<T>,
    repeat: RepeatPolicy | undefined,
    deadline: number,
  ) {
    this.name = name;
    this.service = service;
    this.time = time;
    this.attempt = attempt;
    this.repeat = repeat;
    this.deadline = deadline;
    this.#begunMs = deadline;
  }

  /** An attempt goes out. */
  begin(route: Route, begunMs: number): void {
    this.#route = route;
    this.#begunMs = begunMs;
    this.isTold = false;
    this.service.balancer.started(route);
  }

  answered(nowMs: number): void {
    const { service, repeat } = this;
    const durationMs = nowMs - this.#begunMs;
    service.balancer.finished(this.#route!, { ok: true, durationMs, transportFailed: false }, nowMs);
    if (repeat?.hedgeAfterMs === "auto") service.latency(repeat.method).record(durationMs);
  }

  failed(error: unknown, ids?: Uint8Array, idsAt = 0): Promise<T> {
    const { service, repeat } = this;
    if (this.#context === undefined && ids !== undefined) this.trace ??= traceOf(ids, idsAt);
    const durationMs = performance.now() - this.#begunMs;
    service.balancer.finished(this.#route!, resultOfFailure(error, durationMs));
    // An attempt that was given up took at least this long; leaving it out would hide the slow ones.
    if (this.leg?.aborted && repeat?.hedgeAfterMs === "auto") service.latency(repeat.method).record(durationMs);
    this.tried ??= new Set();
    this.tried.add(this.#route!);
    if (currentContext() === this.#context) return again(this, error);
    return runInContext(this.#context, again<T>, this as RoutedCall<T>, error);
  }
}

/**
 * Hands the call to an instance, tells the balancer how it went, and hands it to another one where that is safe.
 *
 * @param begunMs  `performance.now()`; handed in, for who begins a call has looked at the clock already
 */
export function tryOn<T>(
  call: RoutedCall<T>,
  begunMs: number,
  failure?: unknown,
  reason: AttemptReason = AttemptReason.First,
): Promise<T> {
  const { service, leg, time } = call;
  // Before the choice: a probe that was picked must go out.
  const leftMs = Math.min(
    timeLeft(call.deadline, call.name, begunMs),
    time.attemptTimeoutMs ?? Number.POSITIVE_INFINITY,
  );
  const route = service.balancer.pick(call.tried, service.keyOf(time), begunMs);
  if (route === undefined) return Promise.reject(failure ?? noInstance(call.name));
  if (failure === undefined && call.retries === 0) service.retries.called(begunMs);
  const isFirst = reason === AttemptReason.First;
  // The instances that it has been to are the attempts before this one.
  const attempt = isFirst ? 0 : attemptMark(call.tried?.size ?? 0, reason);
  if (leg !== undefined) call.tried?.add(route);
  call.begin(route, begunMs);
  const marks =
    isFirst && leg === undefined ? undefined : { isRetry: call.retries > 0, signal: leg, attempt, parent: call.trace };
  const answer = call.attempt(route, call.name, leftMs, marks, call);
  if (call.isTold) return answer;
  return answer.then(
    (value) => {
      call.answered(performance.now());
      return value;
    },
    (error: unknown) => call.failed(error),
  );
}

/** What a further attempt needs of the ids of one before: its trace, and the span that both belong to. */
function traceOf(ids: Uint8Array, at: number): TraceParent {
  const parentAt = at + idOffset.parent;
  return { traceId: ids.slice(at, at + idOffset.span), spanId: ids.slice(parentAt, at + idOffset.end), sampled: true };
}

function again<T>(call: RoutedCall<T>, error: unknown): Promise<T> {
  if (call.tried!.size >= MAX_TRIES || performance.now() >= call.deadline || call.leg?.aborted) throw error;
  if (isRepeatable(error)) return tryOn(call, performance.now(), error, AttemptReason.Moved);
  if (!call.repeat?.retries || call.retries >= RETRIES_MAX) throw error;
  if (!isRetryable(error, call.time.attemptTimeoutMs !== undefined)) throw error;
  return retry(call, error);
}

async function retry<T>(call: RoutedCall<T>, error: RpcError): Promise<T> {
  const waitMs = backoffMs(call.retries, error, Math.random());
  if (performance.now() + waitMs >= call.deadline || !call.service.retries.take(performance.now())) throw error;
  await pause(waitMs, call.leg ?? call.time.signal);
  if (call.time.signal?.aborted) throw error;
  call.retries++;
  return await tryOn(call, performance.now(), error, AttemptReason.Retry);
}

/** Makes the call, and once more at another instance when the first takes too long; the answer that comes first is the call's. */
export function tryHedged<T>(call: RoutedCall<T>, afterMs: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const tried = new Set<Route>();
  const legs: AbortController[] = [];
  let running = 0;
  let failure: unknown;
  // Both legs are under way before the first of them could tell its trace.
  const trace = currentContext() === undefined ? newTrace() : undefined;
  const begin = (retries: number) => {
    const leg = new AbortController();
    legs.push(leg);
    running++;
    const { name, service, time, attempt, repeat, deadline } = call;
    const own = new RoutedCall(name, service, time, attempt, repeat, deadline);
    own.leg = leg.signal;
    own.trace = trace;
    own.tried = tried;
    own.retries = retries;
    tryLeg(own).then(
      (answer) => {
        clearTimeout(timer);
        resolve(answer);
        const reason = new RpcError(Code.Canceled, "another instance answered first");
        for (const other of legs) if (other !== leg) other.abort(reason);
      },
      (error: unknown) => {
        // The first leg's failure is the call's; a hedge that finds no instance says nothing new.
        if (retries === 0 || failure === undefined) failure = error;
        running--;
        if (running > 0) return;
        clearTimeout(timer);
        reject(failure);
      },
    );
  };
  const timer = setTimeout(() => {
    const others = call.service.balancer.explain().length - tried.size;
    if (others > 0 && performance.now() < call.deadline && call.service.hedges.take(performance.now())) begin(1);
  }, afterMs);
  begin(0);
  return promise;
}

// `tryOn` throws where there is no time left.
async function tryLeg<T>(call: RoutedCall<T>): Promise<T> {
  return await tryOn(
    call,
    performance.now(),
    undefined,
    call.retries === 0 ? AttemptReason.First : AttemptReason.Hedge,
  );
}

/** Milliseconds until the deadline, at least 1. @throws RpcError DeadlineExceeded when it has passed */
export function timeLeft(deadline: number, target: string, nowMs: number): number {
  const leftMs = Math.ceil(deadline - nowMs);
  if (leftMs > 0) return leftMs;
  throw new RpcError(Code.DeadlineExceeded, `the time for calling ${target} was over before it began`, {
    details: { notSent: true },
  });
}

/** Nothing of a service is in routing. */
export function noInstance(service: string): RpcError {
  return unavailable(`${service} has no instance in routing; take one into routing in the console`);
}

/** A call that cannot begin. -15 is the original's "get route failed". */
export function unavailable(message: string): RpcError {
  return new RpcError(Code.Unavailable, message, { details: { notSent: true, ret: -15 } });
}
