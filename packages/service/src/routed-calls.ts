import { performance } from "node:perf_hooks";
import type { Balancer, Explanation, Hearsay, Locality } from "@msec/balance";
import { Code, currentContext, RpcError } from "@msec/rpc";
import type { Recorder } from "@msec/telemetry";
import { CalledService, type KeySource } from "./called-service.ts";
import type { ChannelPool } from "./channel-pool.ts";
import { ClientSpan, type TracePosition } from "./client-span.ts";
import type { Place } from "./place.ts";
import { assertTime, type RepeatPolicy } from "./repeat-policy.ts";
import type { RouteCache } from "./route-cache.ts";
import { type Attempt, noInstance, RoutedCall, timeLeft, tryHedged, tryOn, unavailable } from "./routed-attempts.ts";
import { askInstance } from "./routes/instance-check.ts";
import { parseTarget } from "./target.ts";

/** How long a call takes at most unless it says otherwise, in milliseconds, waiting for routes and repeats included. */
export const DEFAULT_TIMEOUT_MS = 3_000;

/** What a call says about its time, and about where it goes. */
export type CallTime = KeySource & {
  /** Milliseconds of the whole call, repeats included. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds of one attempt; default: the whole call's. */
  readonly attemptTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Dye the request: it is recorded in full by all that it passes. */
  readonly dyed?: boolean | undefined;
};

/** Why there may be no routes: how to say it to a person. */
export type RouteSource = {
  readonly cache: RouteCache;
  /** Whether an agent is configured at all. */
  readonly hasAgent: boolean;
  /** Why the agent is away; empty while it is there. */
  readonly reason: () => string;
  /** What the other processes of the host say of a service's instances. */
  readonly hearsayOf: (service: string) => readonly Hearsay[];
  /** Hears, a sentence for people, what of a service's settings this process cannot do. */
  readonly onProblem: (problem: string) => void;
};

/** A service that calls name, with what is known of it as soon as one of them has found it. */
type Named = { readonly service: string; called: CalledService | undefined };

/** Chooses instances for calls, follows how they do, and asks another one where that is safe. */
export class RoutedCalls {
  readonly #source: RouteSource;
  readonly #channels: ChannelPool;
  readonly #recorder: Recorder;
  readonly #services = new Map<string, CalledService>();
  // What each text means: looked up once for a call, and nothing else is.
  readonly #targets = new Map<string, Named | (Place & { readonly service?: undefined })>();
  #here: Locality = { hostId: "", zone: "" };
  readonly #told = new Map<string, string>();

  constructor(source: RouteSource, channels: ChannelPool, recorder: Recorder) {
    this.#source = source;
    this.#channels = channels;
    this.#recorder = recorder;
  }

  /** The table of a service was replaced. */
  routesChanged(service: string): void {
    const routes = this.#source.cache.find(service) ?? [];
    const called = this.#services.get(service);
    if (called !== undefined) {
      called.hasRoutes = routes.length > 0;
      called.balancer.update(routes);
      this.#configure(service, called);
    }
    this.#channels.routesChanged(service, routes, this.routeVersionOf(service));
    this.#lookAround();
  }

  /** The host that this process runs on. */
  runsOn(hostId: string): void {
    this.#here = { hostId, zone: this.#here.zone };
    this.#lookAround(true);
  }

  // The zone of this host stands in whatever table has an instance on it.
  #lookAround(hasMoved = false): void {
    const local = [...this.#services].filter(([, { isLocal }]) => isLocal);
    if (local.length === 0) return;
    const zone = this.#source.cache.zoneOf(this.#here.hostId);
    if (zone === this.#here.zone && !hasMoved) return;
    this.#here = { ...this.#here, zone };
    for (const [name, called] of local) this.#configure(name, called);
  }

  #configure(name: string, called: CalledService): void {
    const problems = called.configure(this.#source.cache.policyOf(name), this.#here).join("; ");
    if (problems === (this.#told.get(name) ?? "")) return;
    this.#told.set(name, problems);
    if (problems !== "") this.#source.onProblem(`routing of ${name}: ${problems}`);
  }

  /** The version of a service's route table, for records of calls; 0 where it has none, or is called by its address. */
  routeVersionOf(service: string): number {
    return this.#source.cache.versionOf(service);
  }

  /** The services that this process has called, with their balancers. */
  *balancers(): Generator<[service: string, balancer: Balancer]> {
    for (const [name, { balancer }] of this.#services) yield [name, balancer];
  }

  /** Why each instance of a service that this process has called gets the calls that it gets. */
  explain(service: string): Explanation[] {
    return this.#services.get(service)?.balancer.explain() ?? [];
  }

  /** A service, for a call that is made by other means. @throws RpcError  as `run` does where there is nobody to choose from */
  serviceOf(service: string, time: CallTime): Promise<CalledService> {
    return this.#serviceOf(service, performance.now() + timeLimit(time), time.signal);
  }

  /**
   * Makes a call: by name at an instance of the balancer's choice, again at another one while that is safe and time is left; by address there, once.
   *
   * Each attempt is recorded by whoever makes it; here only what found no instance to attempt.
   *
   * @param position  the call's place in a trace, where it has one already
   * @param repeat  what may be repeated although the handler may have run; default: nothing
   * @throws RpcError of the last attempt; Unavailable where no instance is known; DeadlineExceeded
   */
  run<T>(
    target: string,
    method: string,
    time: CallTime,
    attempt: Attempt<T>,
    position?: TracePosition,
    repeat?: RepeatPolicy,
  ): Promise<T> {
    // Not an async function, nor is what follows: on the usual way (routes known, first attempt succeeds) each would cost a
    // promise and a turn, together several times what choosing the instance costs.
    try {
      const aim = this.#targetOf(target);
      const limitMs = timeLimit(time);
      const nowMs = performance.now();
      const deadline = nowMs + limitMs;
      const attemptMs = attemptLimit(time);
      if (aim.service === undefined) return attempt(aim, "", Math.min(timeLeft(deadline, target, nowMs), attemptMs));
      const { service: name, called } = aim;
      // Nothing in the table is the same as no table, to the caller and in the record.
      if (called?.hasRoutes) return begin(new RoutedCall(name, called, time, attempt, repeat, deadline), nowMs);
      const span = new ClientSpan(method, limitMs, position);
      return this.#runFirst(aim, time, attempt, repeat, deadline, span);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #runFirst<T>(
    aim: Named,
    time: CallTime,
    attempt: Attempt<T>,
    repeat: RepeatPolicy | undefined,
    deadline: number,
    span: ClientSpan,
  ): Promise<T> {
    const { service: name } = aim;
    let called: CalledService;
    try {
      called = await this.#serviceOf(name, deadline, time.signal);
    } catch (error) {
      span.end(this.#recorder, { peerService: name, peerInstance: "", error });
      throw error;
    }
    aim.called = called;
    // It may have waited for routes: what the time is has to be looked at anew.
    return await begin(new RoutedCall(name, called, time, attempt, repeat, deadline), performance.now());
  }

  #targetOf(text: string): Named | (Place & { readonly service?: undefined }) {
    const known = this.#targets.get(text);
    if (known !== undefined) return known;
    const target = parseTarget(text);
    const { service } = target;
    const aim = service === undefined ? target : { service, called: this.#services.get(service) };
    if (this.#targets.size >= 1_000) this.#targets.clear();
    this.#targets.set(text, aim);
    return aim;
  }

  async #serviceOf(name: string, deadline: number, signal: AbortSignal | undefined): Promise<CalledService> {
    const { cache } = this.#source;
    if (!cache.isKnown) await this.#firstRoutes(name, deadline, signal);
    const routes = cache.find(name);
    if (routes === undefined) throw unknownService(name, cache.services());
    if (routes.length === 0) throw noInstance(name);
    // Another call may have made it while this one waited.
    let service = this.#services.get(name);
    if (service === undefined) {
      service = new CalledService((route, timeoutMs, told) =>
        askInstance(this.#channels, name, route, timeoutMs, told),
      );
      service.balancer.update(routes);
      this.#configure(name, service);
      service.balancer.hear(this.#source.hearsayOf(name));
      this.#services.set(name, service);
      this.#lookAround();
    }
    return service;
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
    const giveUp = () => resolve();
    signal?.addEventListener("abort", giveUp);
    await Promise.race([cache.known, over]);
    signal?.removeEventListener("abort", giveUp);
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

function begin<T>(call: RoutedCall<T>, nowMs: number): Promise<T> {
  const { repeat, service } = call;
  if (repeat?.hedgeAfterMs === undefined) return tryOn(call, nowMs);
  service.hedges.called(nowMs);
  const afterMs =
    repeat.hedgeAfterMs === "auto" ? service.latency(repeat.method).quantileMs(0.95) : repeat.hedgeAfterMs;
  return afterMs === undefined ? tryOn(call, nowMs) : tryHedged(call, afterMs);
}

function attemptLimit({ attemptTimeoutMs }: CallTime): number {
  if (attemptTimeoutMs === undefined) return Number.POSITIVE_INFINITY;
  assertTime("attemptTimeoutMs", attemptTimeoutMs);
  return attemptTimeoutMs;
}

function timeLimit({ timeoutMs }: CallTime): number {
  const own = timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(own > 0)) {
    throw new RpcError(Code.InvalidArgument, `timeoutMs ${own} must be >= 1`, { details: { notSent: true } });
  }
  return Math.min(own, currentContext()?.remainingMs() ?? own);
}

function unknownService(service: string, known: string[]): RpcError {
  const list =
    known.length === 0 ? "no services at all" : `${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}`;
  return unavailable(
    `there is no service ${service}; the agent knows ${list}. Add it in the console or with \`msec services add\`, or correct the name`,
  );
}
