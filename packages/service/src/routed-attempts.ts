import { performance } from "node:perf_hooks";
import type { Route } from "@msec/balance";
import { AttemptReason, attemptMark, Code, RpcError } from "@msec/rpc";
import { isRepeatable, MAX_TRIES, resultOfFailure } from "./call-repeat.ts";
import type { CalledService } from "./called-service.ts";
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
};

/** One attempt of a call at one instance. */
export type Attempt<T> = (place: Place, service: string, timeoutMs: number, marks?: AttemptMarks) => Promise<T>;

/** One call by name, from its first attempt to its last. */
export type RoutedCall<T> = {
  readonly target: string;
  readonly name: string;
  readonly service: CalledService;
  readonly deadline: number;
  /** `performance.now()` just before the next attempt, where somebody has looked; else 0. Looking costs as much as choosing. */
  nowMs: number;
  /** Longest time of one attempt; Infinity for none. */
  readonly attemptMs: number;
  readonly attempt: Attempt<T>;
  readonly repeat: RepeatPolicy | undefined;
  /** The caller's, for the pauses between attempts. */
  readonly signal: AbortSignal | undefined;
  /** By which the service's instances are chosen; `undefined` where it has none. */
  readonly key: string | undefined;
  /** Gives up this leg of a hedged call; `undefined` where there is only one. */
  readonly leg: AbortSignal | undefined;
  /** Instances that it has been to; of a hedged call also those where it is. Shared by its legs. */
  tried: Set<Route> | undefined;
  /** Repeats so far of attempts that may have run. */
  retries: number;
};

/** Hands the call to an instance, tells the balancer how it went, and hands it to another one where that is safe. */
export function tryOn<T>(
  call: RoutedCall<T>,
  failure?: unknown,
  reason: AttemptReason = AttemptReason.First,
): Promise<T> {
  const { service, leg } = call;
  const { balancer } = service;
  // Before the choice: a probe that was picked must go out.
  const begunMs = call.nowMs || performance.now();
  call.nowMs = 0;
  const leftMs = Math.min(timeLeft(call.deadline, call.target, begunMs), call.attemptMs);
  const route = balancer.pick(call.tried, call.key, begunMs);
  if (route === undefined) return Promise.reject(failure ?? noInstance(call.name));
  if (failure === undefined && call.retries === 0) service.retries.called(begunMs);
  const isFirst = reason === AttemptReason.First;
  // The instances that it has been to are the attempts before this one.
  const attempt = isFirst ? 0 : attemptMark(call.tried?.size ?? 0, reason);
  if (leg !== undefined) call.tried?.add(route);
  balancer.started(route);
  const marks = isFirst && leg === undefined ? undefined : { isRetry: call.retries > 0, signal: leg, attempt };
  return call.attempt(route, call.name, leftMs, marks).then(
    (answer) => {
      const endedMs = performance.now();
      const durationMs = endedMs - begunMs;
      balancer.finished(route, { ok: true, durationMs, transportFailed: false }, endedMs);
      if (call.repeat?.hedgeAfterMs === "auto") service.latency(call.repeat.method).record(durationMs);
      return answer;
    },
    (error: unknown) => {
      const durationMs = performance.now() - begunMs;
      balancer.finished(route, resultOfFailure(error, durationMs));
      // What was given up has taken at least so long; without it the slow ones would never be learned of.
      if (leg?.aborted && call.repeat?.hedgeAfterMs === "auto") service.latency(call.repeat.method).record(durationMs);
      call.tried ??= new Set();
      call.tried.add(route);
      return again(call, error);
    },
  );
}

function again<T>(call: RoutedCall<T>, error: unknown): Promise<T> {
  if (call.tried!.size >= MAX_TRIES || performance.now() >= call.deadline || call.leg?.aborted) throw error;
  if (isRepeatable(error)) return tryOn(call, error, AttemptReason.Moved);
  if (!call.repeat?.retries || call.retries >= RETRIES_MAX) throw error;
  if (!isRetryable(error, call.attemptMs !== Number.POSITIVE_INFINITY)) throw error;
  return retry(call, error);
}

async function retry<T>(call: RoutedCall<T>, error: RpcError): Promise<T> {
  const waitMs = backoffMs(call.retries, error, Math.random());
  if (performance.now() + waitMs >= call.deadline || !call.service.retries.take(performance.now())) throw error;
  await pause(waitMs, call.leg ?? call.signal);
  if (call.signal?.aborted) throw error;
  call.retries++;
  return await tryOn(call, error, AttemptReason.Retry);
}

/** Makes the call, and once more at another instance when the first takes too long; the answer that comes first is the call's. */
export function tryHedged<T>(call: RoutedCall<T>, afterMs: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const tried = new Set<Route>();
  const legs: AbortController[] = [];
  let running = 0;
  let failure: unknown;
  const begin = (retries: number) => {
    const leg = new AbortController();
    legs.push(leg);
    running++;
    tryLeg({ ...call, nowMs: 0, leg: leg.signal, tried, retries }).then(
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
  return await tryOn(call, undefined, call.retries === 0 ? AttemptReason.First : AttemptReason.Hedge);
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
