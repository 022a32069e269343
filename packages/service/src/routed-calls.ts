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
  async run<T>(
    target: string,
    method: string,
    time: CallTime,
    attempt: Attempt<T>,
    position?: TracePosition,
  ): Promise<T> {
    const { service, ...place } = this.#targetOf(target);
    const limitMs = timeLimit(time);
    const deadline = performance.now() + limitMs;
    if (service === undefined) return await attempt(place as Place, "", timeLeft(deadline, target));
    let balancer = this.#balancers.get(service);
    // Nothing in the table: the same as no table, to the caller and in the record.
    if (balancer === undefined || !this.#source.cache.find(service)?.length) {
      const span = new ClientSpan(method, limitMs, position);
      try {
        balancer = await this.#balancerOf(service, deadline, time.signal);
      } catch (error) {
        span.end(this.#recorder, { peerService: service, peerInstance: "", error });
        throw error;
      }
    }
    return await this.#attempts(balancer, (route) => attempt(route, service, timeLeft(deadline, target)), deadline);
  }

  async #attempts<T>(balancer: Balancer, attempt: (route: Route) => Promise<T>, deadline: number): Promise<T> {
    const tried = new Set<Route>();
    let failure: unknown;
    while (tried.size < MAX_TRIES && (failure === undefined || performance.now() < deadline)) {
      const route = balancer.pick(tried.size === 0 ? undefined : tried);
      if (route === undefined) break;
      tried.add(route);
      try {
        return await follow(balancer, route, attempt);
      } catch (error) {
        if (!isRepeatable(error)) throw error;
        failure = error;
      }
    }
    throw failure;
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

// Tells the balancer of the call from its beginning to its end.
async function follow<T>(balancer: Balancer, route: Route, attempt: (route: Route) => Promise<T>): Promise<T> {
  const began = performance.now();
  balancer.started(route);
  try {
    const result = await attempt(route);
    balancer.finished(route, { ok: true, durationMs: performance.now() - began, transportFailed: false });
    return result;
  } catch (error) {
    balancer.finished(route, resultOfFailure(error, performance.now() - began));
    throw error;
  }
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
