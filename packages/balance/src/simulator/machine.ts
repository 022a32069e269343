import type { EventQueue } from "./event-queue.ts";
import { serviceTime } from "./random.ts";
import type { Fault } from "./scenario.ts";

/** How an attempt came back. */
export type Outcome = "ok" | "failed" | "broken";

/** Called once when an attempt comes back; never when it does not. */
export type Reply = (outcome: Outcome) => void;

/** A refusal or a full queue is answered after so long: one way there and back. */
const roundTripMs = 0.3;
/** Calls that wait for a worker at most; more are refused. */
const queueLimit = 200;

/** One instance: workers, a queue before them, and what is wrong with it just now. */
export class Machine {
  readonly #events: EventQueue;
  readonly #random: () => number;
  readonly #workers: number;
  readonly #serviceMs: number;
  readonly #queue: Reply[] = [];
  #busy = 0;
  #life = 0;
  #fault: Fault = {};

  constructor(events: EventQueue, random: () => number, workers: number, serviceMs: number) {
    this.#events = events;
    this.#random = random;
    this.#workers = workers;
    this.#serviceMs = serviceMs;
  }

  /** From now on this is wrong with it; `{}` is nothing. */
  suffer(fault: Fault, nowMs: number): void {
    this.#fault = fault;
    if (!fault.refuses) return;
    this.#life++;
    this.#busy = 0;
    for (const reply of this.#queue.splice(0)) this.#events.add(nowMs + roundTripMs, () => reply("broken"));
  }

  receive(nowMs: number, reply: Reply): void {
    const { refuses, silent, failsInMs } = this.#fault;
    if (refuses) this.#events.add(nowMs + roundTripMs, () => reply("broken"));
    else if (silent) return;
    else if (failsInMs !== undefined) this.#events.add(nowMs + failsInMs, () => reply("failed"));
    else if (this.#busy < this.#workers) this.#work(nowMs, reply);
    else if (this.#queue.length < queueLimit) this.#queue.push(reply);
    else this.#events.add(nowMs + roundTripMs, () => reply("failed"));
  }

  #work(nowMs: number, reply: Reply): void {
    this.#busy++;
    const life = this.#life;
    const doneMs = nowMs + serviceTime(this.#random, this.#serviceMs) * (this.#fault.slowness ?? 1);
    this.#events.add(doneMs, () => {
      if (life !== this.#life) {
        reply("broken");
        return;
      }
      this.#busy--;
      const next = this.#queue.shift();
      if (next !== undefined) this.#work(doneMs, next);
      this.#answer(doneMs, reply);
    });
  }

  #answer(nowMs: number, reply: Reply): void {
    const { silent, extraMs, errorRatio } = this.#fault;
    if (silent) return;
    const outcome = errorRatio !== undefined && this.#random() < errorRatio ? "failed" : "ok";
    this.#events.add(nowMs + roundTripMs + (extraMs ?? 0), () => reply(outcome));
  }
}
