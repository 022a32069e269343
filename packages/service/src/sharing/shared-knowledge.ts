import type { ExchangeResponse } from "@msec/api/agent/v1/sharing_pb.js";
import type { Balancer, Finding, Hearsay } from "@msec/balance";

/** The most findings that an agent takes at once. */
const FINDINGS_MAX = 256;

/** The services that a process calls, each with its balancer. */
export type CalledBalancers = () => Iterable<readonly [service: string, balancer: Balancer]>;

/** Findings of one service, as the agent takes them. */
export type ServiceFindings = { service: string; findings: WireFinding[] };
type WireFinding = Omit<Finding, "instanceId" | "weight">;

/**
 * What this process tells the others of its host about the instances that it calls, and what it heard from them.
 *
 * @see docs/decisions/0007-agent-local-api.md
 */
export class SharedKnowledge {
  readonly #balancers: CalledBalancers;
  readonly #now: () => number;
  /** Service and place → what was last told of it. */
  #told = new Map<string, string>();
  #heard = new Map<string, readonly Hearsay[]>();
  #heardMs = 0;

  /** @param now  milliseconds on a clock that never goes back */
  constructor(balancers: CalledBalancers, now: () => number = () => performance.now()) {
    this.#balancers = balancers;
    this.#now = now;
  }

  /** What changed since the last time, at most 256 instances; what is beyond comes the next time. */
  collect(): ServiceFindings[] {
    const services: ServiceFindings[] = [];
    const told = new Map<string, string>();
    let room = FINDINGS_MAX;
    for (const [service, balancer] of this.#balancers()) {
      const changed: Finding[] = [];
      for (const finding of balancer.findings()) {
        const key = `${service} ${finding.address} ${finding.port}`;
        const before = this.#told.get(key);
        const now = `${finding.calls} ${finding.state} ${finding.share.toFixed(2)}`;
        if (now !== before && room > 0) {
          room--;
          changed.push(finding);
          told.set(key, now);
        } else if (before !== undefined) {
          told.set(key, before);
        }
      }
      if (changed.length > 0) services.push({ service, findings: changed });
    }
    this.#told = told;
    return services;
  }

  /** The agent does not know what it was told: it is another one now. */
  forget(): void {
    this.#told.clear();
  }

  /** Takes what the agent answered: everything that is said now. */
  take({ services }: ExchangeResponse): void {
    this.#heardMs = this.#now();
    this.#heard = new Map(services.map(({ service, hearsay }) => [service, hearsay]));
    for (const [service, balancer] of this.#balancers()) balancer.hear(this.hearsayOf(service));
  }

  /** What was heard of a service, as old as it is now. */
  hearsayOf(service: string): readonly Hearsay[] {
    const heard = this.#heard.get(service);
    if (heard === undefined) return [];
    const sinceMs = this.#now() - this.#heardMs;
    return heard.map((hearsay) => ({ ...hearsay, ageMs: hearsay.ageMs + sinceMs }));
  }
}
