import type { DyeRule, WatchDyeingResponse } from "@msec/api/agent/v1/dyeing_pb.js";
import type { Log } from "@msec/process";

import { ChangeBell } from "../change-bell.ts";

/** The most rules that are taken from the server. */
const RULES_MAX = 100;

/** A rule and when it ends, on this host's own clock. */
type HeldRule = { readonly rule: DyeRule; readonly endMs: number };

/**
 * The dye rules as the server last said them. In memory only: they hold for minutes, and a server that is away cannot take one back.
 */
export class HeldRules {
  readonly #log: Log;
  readonly #now: () => number;
  #version = "";
  #rules: readonly HeldRule[] = [];
  readonly #changes = new ChangeBell();

  /** @param now  milliseconds on a clock that never goes back */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Empty before the server said anything. */
  get version(): string {
    return this.#version;
  }

  /** Take over what the server says. @returns whether it is new */
  apply({ version, rules }: WatchDyeingResponse): boolean {
    if (version === this.#version) return false;
    const nowMs = this.#now();
    this.#version = version.slice(0, 64);
    this.#rules = rules.slice(0, RULES_MAX).map((rule) => ({ rule, endMs: nowMs + rule.remainingMs }));
    this.#log.info("dye rules applied", { version: this.#version, rules: this.#rules.length });
    this.#changes.ring();
    return true;
  }

  /** The rules that hold now, each with the milliseconds that are left to it. */
  active(): DyeRule[] {
    const nowMs = this.#now();
    return this.#rules
      .filter(({ endMs }) => endMs > nowMs)
      .map(({ rule, endMs }) => ({ ...rule, remainingMs: Math.ceil(endMs - nowMs) }));
  }

  /** Settles at the next change, or when the signal aborts. */
  untilChanged(signal: AbortSignal): Promise<void> {
    return this.#changes.untilRung(signal);
  }
}
