import { type AlarmRule, AlarmScope } from "@msec/api/console/v1/alarms_pb.js";
import type { Series } from "../engine/judge.ts";
import { matchesService, type Target, targetKey } from "../engine/target.ts";
import type { Cluster } from "./cluster.ts";

const keptMinutes = 130;

interface Life {
  readonly target: Target;
  readonly minutes: Map<number, number>;
}

/**
 * In which of the last two hours' minutes each host was heard and each instance ran: the agents' reports say only how it is
 * now. In memory, as a server that has just started must not call silence what it has not seen: minutes before it began
 * count as alive.
 */
export class LivenessLog {
  readonly #lives = new Map<string, Life>();
  #firstMinute: number | undefined;

  /** Note how it is now; to be called several times a minute. */
  observe(cluster: Cluster, nowMs: number): void {
    const minute = Math.floor(nowMs / 60_000);
    // The minute in which it begins is not seen in full.
    this.#firstMinute ??= minute + 1;
    const seen = new Set<string>();
    for (const { name, seenMs } of cluster.hosts) {
      this.#note(
        seen,
        { service: "", instance: "", host: name },
        seenMs === 0 ? undefined : Math.floor(seenMs / 60_000),
      );
    }
    for (const { service, instance, host, inRouting, listens, meantToRun, running } of cluster.instances) {
      // External services have no agent, and what was taken out of routing may stand still.
      if (host === "" || !meantToRun || (listens && !inRouting)) continue;
      this.#note(seen, { service, instance, host: "" }, running ? minute : undefined);
    }
    for (const [key, life] of this.#lives) {
      if (!seen.has(key)) this.#lives.delete(key);
      for (const old of life.minutes.keys()) if (old < minute - keptMinutes) life.minutes.delete(old);
    }
  }

  /** Forget what was seen: minutes before now count as alive. */
  beginAnew(): void {
    this.#lives.clear();
    this.#firstMinute = undefined;
  }

  /** The series of a rule on liveness: a value in each minute in which its target lived. */
  series(rule: AlarmRule, from: number, to: number): Series[] {
    const first = this.#firstMinute ?? to;
    const ofHosts = rule.scope === AlarmScope.HOST;
    return [...this.#lives.values()]
      .filter(({ target }) => (ofHosts ? target.host !== "" : matchesService(rule.service, target.service)))
      .map(({ target, minutes }) => {
        const values = new Map(minutes);
        for (let minute = from; minute < Math.min(first, to); minute++) values.set(minute, 1);
        return { target, values, empty: undefined };
      });
  }

  #note(seen: Set<string>, target: Target, minute: number | undefined): void {
    const key = targetKey(target);
    seen.add(key);
    let life = this.#lives.get(key);
    if (life === undefined) {
      life = { target, minutes: new Map() };
      this.#lives.set(key, life);
    }
    if (minute !== undefined) life.minutes.set(minute, 1);
  }
}
