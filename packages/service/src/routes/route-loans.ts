import type { Balancer, Route } from "@msec/balance";
import { Code, RpcError } from "@msec/rpc";
import type { Recorder } from "@msec/telemetry";
import { ClientSpan } from "../client-span.ts";
import { placeName } from "../place.ts";
import type { CallTime, RoutedCalls } from "../routed-calls.ts";
import { parseTarget } from "../target.ts";

/** Where to go, for a program with a client library of its own: an instance of the balancer's choice. */
export type ServiceRoute = {
  /** Empty where an address was asked for. */
  readonly service: string;
  /** Empty where an address was asked for. */
  readonly instanceId: string;
  /** IPv4 or IPv6 literal, or a host name. */
  readonly address: string;
  /** 1…65535. */
  readonly port: number;
};

/** How it went there. */
export type RouteResult = {
  /** Whether the instance did its work. A mistake of the caller's own (a bad query) is `true`. */
  readonly ok: boolean;
  /** Milliseconds that it took, >= 0. */
  readonly durationMs: number;
  /** With it the call is recorded like any other, under this name (`mysql.Query`, 1…200 characters); without it only routing learns of it. */
  readonly method?: string | undefined;
};

// A route of which nothing was said for this long counts as having no call in flight.
const LOAN_MS = 60_000;

type Loan = { readonly balancer: Balancer; readonly route: Route; timer: NodeJS.Timeout | undefined };

/** Hands out routes to callers with a client library of their own, and tells the balancer what they say of them. */
export class RouteLoans {
  readonly #calls: RoutedCalls;
  readonly #recorder: Recorder;
  readonly #loans = new WeakMap<ServiceRoute, Loan | undefined>();

  constructor(calls: RoutedCalls, recorder: Recorder) {
    this.#calls = calls;
    this.#recorder = recorder;
  }

  /**
   * Chooses an instance.
   *
   * @throws RpcError  InvalidArgument for what is no target, or a unix socket; Unavailable where no instance is known
   */
  async get(target: string, time: CallTime = {}): Promise<ServiceRoute> {
    const parsed = parseTarget(target);
    if (parsed.service === undefined) {
      if ("path" in parsed) throw invalid(`${target} has no address and port; use its path as it is`);
      const { address, port } = parsed;
      return this.#lend({ service: "", instanceId: "", address, port }, undefined);
    }
    const service = await this.#calls.serviceOf(parsed.service, time);
    const { balancer } = service;
    const route = balancer.pick(undefined, service.keyOf(time));
    if (route === undefined) throw new RpcError(Code.Unavailable, `${target} has no instance in routing`);
    balancer.started(route);
    const { instanceId, address, port } = route;
    const loan: Loan = { balancer, route, timer: undefined };
    // It counts as a running call, which makes others go elsewhere, until its caller says how it went. Silence says nothing: it must not bring back what is out.
    loan.timer = setTimeout(() => {
      loan.timer = undefined;
      balancer.abandoned(route);
    }, LOAN_MS).unref();
    return this.#lend({ service: parsed.service, instanceId, address, port }, loan);
  }

  /**
   * Says how it went; once for each use of the route, so that a connection that is kept tells of each request.
   *
   * @throws RpcError InvalidArgument for a route that `get` did not give, or a time that is none
   */
  update(route: ServiceRoute, result: RouteResult): void {
    const { ok, durationMs, method } = result;
    if (!this.#loans.has(route)) throw invalid("updateRoute takes the very object that getRoute gave");
    if (!(durationMs >= 0)) throw invalid(`durationMs ${durationMs} must be >= 0`);
    if (method !== undefined && (method.length < 1 || method.length > 200)) {
      throw invalid("method must be a name of 1…200 characters, such as mysql.Query");
    }
    const loan = this.#loans.get(route);
    if (loan !== undefined) {
      if (loan.timer === undefined) loan.balancer.started(loan.route);
      clearTimeout(loan.timer);
      loan.timer = undefined;
      // What failed with a library of its own is, as far as anybody can tell, an instance that cannot be used.
      loan.balancer.finished(loan.route, { ok, durationMs, transportFailed: !ok });
    }
    if (method !== undefined) this.#record(route, method, ok, durationMs);
  }

  /** Says that nothing runs there any more, and nothing of how it went. */
  giveBack(route: ServiceRoute): void {
    const loan = this.#loans.get(route);
    if (loan?.timer === undefined) return;
    clearTimeout(loan.timer);
    loan.timer = undefined;
    loan.balancer.abandoned(loan.route);
  }

  #lend(route: ServiceRoute, loan: Loan | undefined): ServiceRoute {
    this.#loans.set(route, loan);
    return route;
  }

  #record(route: ServiceRoute, method: string, ok: boolean, durationMs: number): void {
    const span = new ClientSpan(method, 0);
    const error = ok ? undefined : new RpcError(Code.Unavailable, "its caller says that it failed");
    span.end(this.#recorder, { peerService: route.service, peerInstance: placeName(route), error, durationMs });
  }
}

function invalid(message: string): RpcError {
  return new RpcError(Code.InvalidArgument, message, { details: { notSent: true } });
}
