import { type Balancer, createBalancer, type Explanation, type Route } from "@msec/balance";
import { Code, currentContext, RpcError } from "@msec/rpc";
import type { Recorder } from "@msec/telemetry";
import { isRepeatable, MAX_TRIES, resultOfFailure } from "./call-repeat.ts";
import type { ChannelPool, Place } from "./channel-pool.ts";
import { ClientSpan, type TracePosition } from "./client-span.ts";
import type { RouteCache } from "./route-cache.ts";
import { parseTarget, type Target } from "./target.ts";

/** How long a call takes at most unless it says otherwise, in milliseconds, waiting for routes and repeats included. */
export const DEFAULT_TIMEOUT_MS = 3_000;

/** One attempt of a call at one instance. */
export type Attempt<T> = (place: Place, service: string, timeoutMs: number) => Promise<T>;

/** What a call says about its time. */
export type CallTime = { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined };

/** Why there may be no routes: how to say it to a person. */
export type RouteSource = {
  readonly cache: RouteCache;
  /** Whether an agent is configured at all. */
  readonly hasAgent: boolean;
  /** Why the agent is away; empty while it is there. */
  readonly reason: () => string;
};

/** Chooses instances for calls, follows how they do, and asks another one where that is safe. */
export class RoutedCalls {
  readonly #source: RouteSource;
  readonly #channels: ChannelPool;
  readonly #recorder: Recorder;
  readonly #balancers = new Map<string, Balancer>();
  readonly #targets = new Map<string, Target>();

  constructor(source: RouteSource, channels: ChannelPool, recorder: Recorder) {
    this.#source = source;
    this.#channels = channels;
    this.#recorder = recorder;
  }

  /** The table of a service was replaced. */
  routesChanged(service: string): void {
    const routes = this.#source.cache.find(service) ?? [];
    this.#balancers.get(service)?.update(routes);
    this.#channels.keepOnly(service, routes);
  }

  /** Why each instance of a service that this process has called gets the calls that it gets. */
  explain(service: string): Explanation[] {
    return this.#balancers.get(service)?.explain() ?? [];
  }

  /**
   * Makes a call: by name at an instance of the balancer's choice, again at another one while that is safe and time is left; by address there, once.
   *
   * Each attempt is recorded by whoever makes it; here only what found no instance to attempt.
   *
   * @param position  the call's place in a trace, where it has one already
   * @throws RpcError of the last attempt; Unavailable where no instance is known; DeadlineExceeded
   */
  run<T>(target: string, method: string, time: CallTime, attempt: Attempt<T>, position?: TracePosition): Promise<T> {
    // Not an async function, nor is what follows: on the usual way (routes known, first attempt succeeds) each would cost a
    // promise and a turn, together several times what choosing the instance costs.
    try {
      const { service, ...place } = this.#targetOf(target);
      const limitMs = timeLimit(time);
      const deadline = performance.now() + limitMs;
      if (service === undefined) return attempt(place as Place, "", timeLeft(deadline, target));
      const call: RoutedCall<T> = { target, service, deadline, attempt, tried: undefined };
      const balancer = this.#balancers.get(service);
      // Nothing in the table is the same as no table, to the caller and in the record.
      if (balancer !== undefined && this.#source.cache.find(service)?.length) return tryOn(balancer, call);
      const span = new ClientSpan(method, limitMs, position);
      return this.#runFirst(call, span, time.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #runFirst<T>(call: RoutedCall<T>, span: ClientSpan, signal: AbortSignal | undefined): Promise<T> {
    let balancer: Balancer;
    try {
      balancer = await this.#balancerOf(call.service, call.deadline, signal);
    } catch (error) {
      span.end(this.#recorder, { peerService: call.service, peerInstance: "", error });
      throw error;
    }
    return await tryOn(balancer, call);
  }

  #targetOf(text: string): Target {
    const known = this.#targets.get(text);
    if (known !== undefined) return known;
    const target = parseTarget(text);
    if (this.#targets.size >= 1_000) this.#targets.clear();
    this.#targets.set(text, target);
    return target;
  }

  async #balancerOf(service: string, deadline: number, signal: AbortSignal | undefined): Promise<Balancer> {
    const { cache } = this.#source;
    if (!cache.isKnown) await this.#firstRoutes(service, deadline, signal);
    const routes = cache.find(service);
    if (routes === undefined) throw unknownService(service, cache.services());
    if (routes.length === 0) throw noInstance(service);
    // Another call may have made it while this one waited.
    let balancer = this.#balancers.get(service);
    if (balancer === undefined) {
      balancer = createBalancer({ now: () => performance.now(), random: Math.random });
      balancer.update(routes);
      this.#balancers.set(service, balancer);
    }
    return balancer;
  }

  async #firstRoutes(service: string, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const { cache, hasAgent, reason } = this.#source;
    if (!hasAgent) {
      throw unavailable(
        `cannot call ${service} by name: this process has no agent to tell it the routes; ` +
          "start it under an agent (or set MSEC_AGENT to the agent's socket), or call an address with a port",
      );
    }
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await Promise.race([cache.known, over]);
    clearTimeout(timer);
    if (cache.isKnown) return;
    if (signal?.aborted) {
      throw new RpcError(Code.Canceled, `the call to ${service} was given up before it began`, {
        cause: signal.reason,
        details: { notSent: true },
      });
    }
    throw unavailable(
      `cannot call ${service}: the agent has told no routes yet (${reason() || "it has none itself"}); ` +
        "see with `msec ps` whether agent and server run",
    );
  }
}

/** One call by name, from its first attempt to its last. */
type RoutedCall<T> = {
  readonly target: string;
  readonly service: string;
  readonly deadline: number;
  readonly attempt: Attempt<T>;
  /** Instances that did not begin it. */
  tried: Set<Route> | undefined;
};

// Hands the call to an instance, tells the balancer how it went, and hands it to another one where that is safe.
function tryOn<T>(balancer: Balancer, call: RoutedCall<T>, failure?: unknown): Promise<T> {
  // Before the choice: a probe that was picked must go out.
  const leftMs = timeLeft(call.deadline, call.target);
  const route = balancer.pick(call.tried);
  if (route === undefined) return Promise.reject(failure ?? noInstance(call.service));
  const begunMs = performance.now();
  balancer.started(route);
  return call.attempt(route, call.service, leftMs).then(
    (answer) => {
      balancer.finished(route, { ok: true, durationMs: performance.now() - begunMs, transportFailed: false });
      return answer;
    },
    (error: unknown) => {
      balancer.finished(route, resultOfFailure(error, performance.now() - begunMs));
      if (!isRepeatable(error)) throw error;
      call.tried ??= new Set();
      call.tried.add(route);
      if (call.tried.size >= MAX_TRIES || performance.now() >= call.deadline) throw error;
      return tryOn(balancer, call, error);
    },
  );
}

function timeLimit({ timeoutMs }: CallTime): number {
  const own = timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(own > 0)) {
    throw new RpcError(Code.InvalidArgument, `timeoutMs ${own} must be >= 1`, { details: { notSent: true } });
  }
  return Math.min(own, currentContext()?.remainingMs() ?? own);
}

function timeLeft(deadline: number, target: string): number {
  const leftMs = Math.ceil(deadline - performance.now());
  if (leftMs > 0) return leftMs;
  throw new RpcError(Code.DeadlineExceeded, `the time for calling ${target} was over before it began`, {
    details: { notSent: true },
  });
}

// -15 is the original's "get route failed".
function unavailable(message: string): RpcError {
  return new RpcError(Code.Unavailable, message, { details: { notSent: true, ret: -15 } });
}

function unknownService(service: string, known: string[]): RpcError {
  const list =
    known.length === 0 ? "no services at all" : `${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}`;
  return unavailable(
    `there is no service ${service}; the agent knows ${list}. Add it in the console or with \`msec services\`, or correct the name`,
  );
}

function noInstance(service: string): RpcError {
  return unavailable(`${service} has no instance in routing; take one into routing in the console`);
}
