import { constants } from "./constants.ts";
import { type CallResult, type Explanation, InstanceState, type Route } from "./route.ts";

/**
 * One instance and what calls to it have shown.
 *
 * States: `warming` → `serving` by time; either → `ejected` by transport failures in a row; `ejected` → `probing` when its back-off
 * is over and a call was picked for it; `probing` → `warming` by a call that got through, → `ejected` with twice the back-off by one that did not.
 * Only `finish`, `beginProbe` and time move it on.
 */
export class Instance implements Route {
  readonly address: string;
  readonly port: number;
  instanceId: string;
  weight: number;
  inFlight = 0;
  /** Whether a call was ever handed to it. */
  tried = false;
  // Whether the next latency is of a first call, which opens the connection and is compiled on the way: it is not measured.
  #first = true;
  #latencyMs = 0;
  // 0: not measured yet.
  #measuredAtMs = 0;
  #finishedAtMs = 0;
  #successRatio = 1;
  #failuresInRow = 0;
  #ejections = 0;
  #ejectedUntilMs = 0;
  #ejected = false;
  #probeStartedMs = Number.NEGATIVE_INFINITY;
  #warmSinceMs: number;

  /** @param warmSinceMs  when slow start began; `-Infinity` for none */
  constructor(route: Route, warmSinceMs: number) {
    this.address = route.address;
    this.port = route.port;
    this.instanceId = route.instanceId;
    this.weight = weightOf(route);
    this.#warmSinceMs = warmSinceMs;
  }

  /** Takes over what the table says anew; what was learned stays. */
  adopt(route: Route): void {
    this.instanceId = route.instanceId;
    this.weight = weightOf(route);
  }

  get ejected(): boolean {
    return this.#ejected;
  }

  /** Measured latency, `undefined` before the first answer. */
  get latencyMs(): number | undefined {
    return this.#measuredAtMs === 0 ? undefined : this.#latencyMs;
  }

  /** Whether the next call should find out if the instance is back. */
  wantsProbe(nowMs: number): boolean {
    if (!this.#ejected || nowMs < this.#ejectedUntilMs) return false;
    return nowMs - this.#probeStartedMs >= constants.probeTimeoutMs;
  }

  start(): void {
    this.inFlight++;
    this.tried = true;
  }

  beginProbe(nowMs: number): void {
    this.#probeStartedMs = nowMs;
  }

  finish(result: CallResult, nowMs: number): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.#finishedAtMs = nowMs;
    if (result.transportFailed) this.#fail(nowMs);
    else this.#reach(nowMs);
    // A quick failure says nothing about latency; one that took long (a time-out) does.
    const isFirst = this.#first;
    this.#first = false;
    if (!isFirst && result.durationMs >= 0 && (result.ok || result.durationMs > this.#latencyMs)) {
      this.#measure(result.durationMs, nowMs);
    }
    this.#successRatio += constants.successStep * ((result.ok ? 1 : 0) - this.#successRatio);
  }

  /**
   * How much the next call is worth here, relative to the others: weight over cost squared.
   *
   * @param typicalMs  latency of the others, for what is not known of this one or has grown old
   */
  score(nowMs: number, typicalMs: number): number {
    const { costPower, successPower, successFloor, latencyFloorMs } = constants;
    // What was measured loses its say with time, else an instance that was slow once would never be tried again.
    const trust = Math.exp((this.#finishedAtMs - nowMs) / constants.latencyDecayMs);
    const measuredMs = this.latencyMs ?? typicalMs;
    const latencyMs = Math.max(typicalMs + (measuredMs - typicalMs) * trust, latencyFloorMs);
    const success = Math.max(1 + (this.#successRatio - 1) * trust, successFloor);
    const cost = (latencyMs * (this.inFlight + 1)) / success ** successPower;
    return (this.weight * this.#warmth(nowMs)) / cost ** costPower;
  }

  explain(nowMs: number, share: number): Explanation {
    const state = this.#state(nowMs);
    return {
      instanceId: this.instanceId,
      address: this.address,
      port: this.port,
      weight: this.weight,
      share,
      state,
      inFlight: this.inFlight,
      latencyMs: this.#latencyMs,
      successRatio: this.#successRatio,
      failuresInRow: this.#failuresInRow,
      retryInMs: this.#ejected ? Math.max(0, this.#ejectedUntilMs - nowMs) : 0,
      reason: this.#reason(state, nowMs),
    };
  }

  #fail(nowMs: number): void {
    this.#failuresInRow++;
    // Calls that were on their way when it was ejected tell nothing new; a probe does.
    const probed = this.#ejected && this.#probeStartedMs > Number.NEGATIVE_INFINITY && nowMs >= this.#ejectedUntilMs;
    if (this.#ejected ? probed : this.#failuresInRow >= constants.ejectAfterFailures) this.#eject(nowMs);
  }

  #eject(nowMs: number): void {
    const backOffMs = Math.min(constants.ejectBaseMs * 2 ** this.#ejections, constants.ejectMaxMs);
    this.#ejected = true;
    this.#ejections++;
    this.#ejectedUntilMs = nowMs + backOffMs;
    this.#probeStartedMs = Number.NEGATIVE_INFINITY;
  }

  #reach(nowMs: number): void {
    this.#failuresInRow = 0;
    if (this.#ejected) {
      this.#ejected = false;
      this.#probeStartedMs = Number.NEGATIVE_INFINITY;
      this.#warmSinceMs = nowMs;
      // A process that is back is another one: what its predecessor's last calls took says nothing about it.
      this.#measuredAtMs = 0;
      this.#first = true;
      this.#successRatio = 1;
    } else if (nowMs - this.#warmSinceMs >= constants.warmUpMs) {
      // It has held for the whole slow start: the next ejection begins with a short back-off again.
      this.#ejections = 0;
    }
  }

  // Peak-EWMA: a slower call counts at once, a quicker one by and by.
  #measure(durationMs: number, nowMs: number): void {
    if (this.#measuredAtMs === 0 || durationMs > this.#latencyMs) {
      const highest = Math.max(this.#latencyMs, 1) * constants.latencyRise;
      this.#latencyMs = this.#measuredAtMs === 0 ? durationMs : Math.min((this.#latencyMs + durationMs) / 2, highest);
    } else {
      const kept = Math.exp((this.#measuredAtMs - nowMs) / constants.latencyDecayMs);
      this.#latencyMs += (durationMs - this.#latencyMs) * Math.max(1 - kept, constants.latencyStep);
    }
    this.#measuredAtMs = Math.max(nowMs, Number.MIN_VALUE);
  }

  #warmth(nowMs: number): number {
    const grown = (nowMs - this.#warmSinceMs) / constants.warmUpMs;
    return grown >= 1 ? 1 : constants.warmUpFrom + (1 - constants.warmUpFrom) * Math.max(grown, 0);
  }

  #state(nowMs: number): InstanceState {
    if (this.#ejected) {
      return nowMs - this.#probeStartedMs < constants.probeTimeoutMs ? InstanceState.probing : InstanceState.ejected;
    }
    return this.#warmth(nowMs) < 1 ? InstanceState.warming : InstanceState.serving;
  }

  #reason(state: InstanceState, nowMs: number): string {
    const failures = `${this.#failuresInRow} transport failures in a row`;
    switch (state) {
      case InstanceState.ejected: {
        const left = Math.max(0, Math.ceil(this.#ejectedUntilMs - nowMs));
        return `${failures}; ${left === 0 ? "the next call tries it" : `tried again in ${left} ms`}`;
      }
      case InstanceState.probing:
        return `${failures}; one call is on its way to see whether it is back`;
      case InstanceState.warming:
        return `new or just returned: ${Math.round(this.#warmth(nowMs) * 100)} % of its share`;
      case InstanceState.serving:
        if (this.#measuredAtMs === 0) return "not answered yet";
        return `${this.#latencyMs.toFixed(1)} ms, ${Math.round(this.#successRatio * 100)} % successful, ${this.inFlight} in flight`;
    }
  }
}

function weightOf(route: Route): number {
  return route.weight >= 1 && route.weight <= 10_000 ? route.weight : constants.defaultWeight;
}
