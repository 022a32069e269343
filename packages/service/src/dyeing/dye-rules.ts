import { setTimeout as delay } from "node:timers/promises";
import type { DescMessage } from "@bufbuild/protobuf";
import { DyeingService, type WatchDyeingResponse } from "@msec/api/agent/v1/dyeing_pb.js";
import type { ColorRule } from "@msec/process";
import { Code, createClient, RpcError, type UnaryCall } from "@msec/rpc";
import { hasFieldValue } from "./message-field.ts";

const WAIT_MS = 25_000;
const SLACK_MS = 10_000;
// A rule reaches every process within two seconds: the pause after a failed question is a part of that.
const RETRY_MS = 500;
// An agent that does not know the method will not learn it while it runs.
const UNIMPLEMENTED_MS = 60_000;

/** A rule that holds until `endMs` of `performance.now()`. */
type HeldRule = {
  readonly field: string;
  readonly value: string;
  readonly caller: string;
  readonly endMs: number;
};

/** A request that can be dyed. */
export type Dyeable = { readonly traceId: Uint8Array; dyed: boolean };

/** What is known of a request when it arrives. */
export type ArrivedRequest = {
  readonly caller: string;
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * Which requests of this process are recorded in full: the pairs of `[COLOR]`, and the rules that come from the console by way of the agent.
 *
 * Rules end by this process's own clock. One that holds here names this service, or none.
 *
 * @see docs/decisions/0009-logs-and-dyeing.md
 */
export class DyeRules {
  readonly #service: string;
  readonly #pairs: readonly ColorRule[];
  readonly #now: () => number;
  readonly #onDyed: (traceId: Uint8Array) => void;
  #rules: readonly HeldRule[] = [];
  #version = "";

  /**
   * @param options.service  this program's name
   * @param options.onDyed  hears of each request that becomes dyed here
   * @param options.now  milliseconds on a clock that never goes back
   */
  constructor(options: {
    readonly service: string;
    readonly pairs: readonly ColorRule[];
    readonly onDyed: (traceId: Uint8Array) => void;
    readonly now?: () => number;
  }) {
    this.#service = options.service;
    this.#pairs = options.pairs;
    this.#onDyed = options.onDyed;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether arriving requests have to be looked at. */
  get hasRules(): boolean {
    return this.#rules.length > 0;
  }

  /** Whether fields that are bound have to be looked at. */
  get hasFields(): boolean {
    return this.#pairs.length > 0 || this.#rules.length > 0;
  }

  /** Dyes a request: what it has not said so far stays unsaid. */
  dye(request: Dyeable): void {
    request.dyed = true;
    this.#onDyed(request.traceId);
  }

  /** Takes over what the agent says. */
  apply({ version, rules }: Pick<WatchDyeingResponse, "version" | "rules">): void {
    const nowMs = this.#now();
    this.#version = version;
    this.#rules = rules
      .filter(({ service }) => service === "" || service === this.#service)
      .map(({ field, value, caller, remainingMs }) => ({ field, value, caller, endMs: nowMs + remainingMs }));
  }

  /**
   * Whether a rule holds for a request that has just arrived.
   *
   * @param message  the request message, where it is there at once
   * @param desc  its type
   */
  matchesArrival(request: ArrivedRequest, message: unknown, desc?: DescMessage): boolean {
    return this.#active().some((rule) => {
      if (rule.caller !== "" && rule.caller !== request.caller) return false;
      if (rule.field === "") return true;
      const { metadata } = request;
      const told = metadata[rule.field] ?? metadata[rule.field.toLowerCase()];
      return told === rule.value || hasFieldValue(message, rule.field, rule.value, desc);
    });
  }

  /** Whether a rule or a pair holds for a field that a handler binds to its request. */
  matchesBound(caller: string, name: string, value: string): boolean {
    if (this.#pairs.some((pair) => pair.field === name && pair.value === value)) return true;
    return this.#active().some(
      (rule) => rule.field === name && rule.value === value && (rule.caller === "" || rule.caller === caller),
    );
  }

  /**
   * Asks the agent for rules again and again until the signal aborts.
   *
   * @param canAsk  whether the connection is there and registered: this must not be the one who opens it
   */
  async follow(call: UnaryCall, canAsk: () => boolean, signal: AbortSignal): Promise<void> {
    const agent = createClient(DyeingService, call);
    while (!signal.aborted) {
      const pauseMs = canAsk() ? await this.#ask(agent, signal) : RETRY_MS;
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {}); // Aborted: the loop ends.
    }
  }

  /** @returns milliseconds to wait before the next question */
  async #ask(agent: ReturnType<typeof createClient<typeof DyeingService>>, signal: AbortSignal): Promise<number> {
    try {
      const request = { appliedVersion: this.#version, waitMs: WAIT_MS };
      const answer = await agent.watchDyeing(request, { timeoutMs: WAIT_MS + SLACK_MS, signal });
      const isNew = answer.version !== this.#version;
      if (isNew) this.apply(answer);
      return isNew ? 0 : 50;
    } catch (error) {
      return error instanceof RpcError && error.code === Code.Unimplemented ? UNIMPLEMENTED_MS : RETRY_MS;
    }
  }

  #active(): readonly HeldRule[] {
    const nowMs = this.#now();
    if (this.#rules.some((rule) => rule.endMs <= nowMs)) this.#rules = this.#rules.filter((rule) => rule.endMs > nowMs);
    return this.#rules;
  }
}
