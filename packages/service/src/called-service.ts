import type { RoutingPolicy } from "@msec/api/agent/v1/common_pb.js";
import { type Balancer, createBalancer, type Locality, Policy, type Route, settingsFrom } from "@msec/balance";
import { RepeatBudget } from "@msec/rpc";
import { LatencyQuantile } from "./latency-quantile.ts";

// More methods of one service than that are calls of something that makes method names up.
const METHODS_MAX = 1_000;
const METADATA = "metadata:";
// What is beyond it tells keys no better apart, and hashing takes its time from the call.
const KEY_MAX = 1_024;

/** Finds out whether there is somebody at an instance, and says so; `false` where it cannot. */
export type Ask = (route: Route, timeoutMs: number, told: (isThere: boolean) => void) => boolean;

/** What a call says that its key may come from. */
export type KeySource = {
  readonly routeKey?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
};

/** What this process knows of one service that it calls by name. */
export class CalledService {
  readonly balancer: Balancer;
  /** Whether its table has any: what is called has been found in one, so nobody looks there again for each call. */
  hasRoutes = true;
  /** 20 % of calls and 10 a second. */
  readonly retries = new RepeatBudget({ share: 0.2, perSecond: 10 });
  /** 10 % of calls. */
  readonly hedges = new RepeatBudget({ share: 0.1, perSecond: 0 });
  readonly #latencies = new Map<string, LatencyQuantile>();
  #isKeyed = false;
  #keyMetadata = "";
  /** Whether where this process is makes a difference. */
  isLocal = false;

  /** @param ask  default: calls find out */
  constructor(ask?: Ask) {
    this.balancer = createBalancer({
      now: () => performance.now(),
      random: Math.random,
      ask: ask && ((route, timeoutMs) => ask(route, timeoutMs, (isThere) => this.balancer.asked(route, isThere))),
    });
  }

  /**
   * Chooses as the service's table says from now on; what was learned stays.
   *
   * @param policy  `undefined`: the defaults
   * @returns what of it this process cannot do, a sentence each
   */
  configure(policy: RoutingPolicy | undefined, here: Locality): string[] {
    const { name = "", locality = false, constants = {}, hashKey = "" } = policy ?? {};
    const { settings, problems } = settingsFrom({ name, locality, constants }, here);
    this.balancer.configure(settings);
    this.isLocal = locality;
    this.#isKeyed = settings.policy === Policy.consistentHash;
    this.#keyMetadata = hashKey.startsWith(METADATA) ? hashKey.slice(METADATA.length) : "";
    return problems;
  }

  /** The key by which a call chooses; `undefined` where it has none, or the service wants none. */
  keyOf({ routeKey, metadata }: KeySource): string | undefined {
    if (!this.#isKeyed) return undefined;
    const key = (this.#keyMetadata === "" ? undefined : metadata?.[this.#keyMetadata]) ?? routeKey;
    return key?.slice(0, KEY_MAX);
  }

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
