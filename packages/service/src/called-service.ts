import { type Balancer, createBalancer } from "@msec/balance";
import { RepeatBudget } from "@msec/rpc";
import { LatencyQuantile } from "./latency-quantile.ts";

// More methods of one service than that are calls of something that makes method names up.
const METHODS_MAX = 1_000;

/** What this process knows of one service that it calls by name. */
export class CalledService {
  readonly balancer: Balancer = createBalancer({ now: () => performance.now(), random: Math.random });
  /** 20 % of calls and 10 a second. */
  readonly retries = new RepeatBudget({ share: 0.2, perSecond: 10 });
  /** 10 % of calls. */
  readonly hedges = new RepeatBudget({ share: 0.1, perSecond: 0 });
  readonly #latencies = new Map<string, LatencyQuantile>();

  /** How long calls of a method take; kept for methods that are hedged by themselves. */
  latency(method: string): LatencyQuantile {
    let latency = this.#latencies.get(method);
    if (latency === undefined) {
      if (this.#latencies.size >= METHODS_MAX) this.#latencies.clear();
      latency = new LatencyQuantile();
      this.#latencies.set(method, latency);
    }
    return latency;
  }
}
