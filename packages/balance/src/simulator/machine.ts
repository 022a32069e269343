import { constants } from "../constants.ts";
import { type Attempts, nobody, Outcome, Stage } from "./attempts.ts";
import type { EventQueue } from "./event-queue.ts";
import { serviceTime } from "./random.ts";
import type { Fault } from "./scenario.ts";

/** A refusal or a full queue is answered after so long: one way there and back. */
const roundTripMs = 0.3;
/** Calls that wait for a worker at most; more are refused. */
const queueLimit = 200;

/** One instance: workers, a queue before them, and what is wrong with it just now. */
export class Machine {
  readonly #attempts: Attempts;
  readonly #events: EventQueue;
  readonly #random: () => number;
  readonly #workers: number;
  readonly #serviceMs: number;
  #first = nobody;
  #last = nobody;
  #queued = 0;
  #busy = 0;
  #life = 0;
  #fault: Fault = {};

  constructor(attempts: Attempts, events: EventQueue, random: () => number, workers: number, serviceMs: number) {
    this.#attempts = attempts;
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
    while (this.#queued > 0) this.#reply(this.#dequeue(), Outcome.broken, nowMs, roundTripMs);
  }

  receive(nowMs: number, attempt: number): void {
    const { refuses, silent, failsInMs } = this.#fault;
    if (refuses) this.#reply(attempt, Outcome.broken, nowMs, roundTripMs);
    else if (silent) this.#attempts.release(attempt);
    else if (failsInMs !== undefined) this.#reply(attempt, Outcome.failed, nowMs, failsInMs);
    else if (this.#busy < this.#workers) this.#work(nowMs, attempt);
    else if (this.#queued < queueLimit) this.#enqueue(attempt);
    else this.#reply(attempt, Outcome.failed, nowMs, roundTripMs);
  }

  /** Whether anybody is there: answered beside all work, by whoever is reached at all. */
  ask(nowMs: number, attempt: number): void {
    const { refuses, silent, extraMs = 0 } = this.#fault;
    const answerMs = silent ? Number.POSITIVE_INFINITY : roundTripMs + extraMs;
    this.#attempts.stage[attempt] = Stage.ask;
    this.#attempts.outcome[attempt] = refuses || answerMs > constants.askTimeoutMs ? Outcome.broken : Outcome.ok;
    this.#events.add(nowMs + Math.min(answerMs, constants.askTimeoutMs), attempt);
  }

  /** A worker has come to the end of this. */
  worked(attempt: number, nowMs: number): void {
    if (this.#attempts.life[attempt] !== this.#life) {
      this.#reply(attempt, Outcome.broken, nowMs, 0);
      return;
    }
    this.#busy--;
    if (this.#queued > 0) this.#work(nowMs, this.#dequeue());
    const { silent, extraMs = 0, errorRatio } = this.#fault;
    if (silent) {
      this.#attempts.release(attempt);
      return;
    }
    const isFailed = errorRatio !== undefined && this.#random() < errorRatio;
    this.#reply(attempt, isFailed ? Outcome.failed : Outcome.ok, nowMs, roundTripMs + extraMs);
  }

  #work(nowMs: number, attempt: number): void {
    this.#busy++;
    this.#attempts.life[attempt] = this.#life;
    this.#attempts.stage[attempt] = Stage.work;
    const { slowness = 1 } = this.#fault;
    this.#events.add(nowMs + serviceTime(this.#random, this.#serviceMs) * slowness, attempt);
  }

  #reply(attempt: number, outcome: Outcome, nowMs: number, afterMs: number): void {
    const atMs = nowMs + afterMs;
    this.#attempts.stage[attempt] = Stage.answer;
    this.#attempts.outcome[attempt] = outcome;
    // All that takes one round trip, which is nearly all, comes in its order.
    if (afterMs === roundTripMs) this.#events.addInOrder(atMs, attempt);
    else this.#events.add(atMs, attempt);
  }

  #enqueue(attempt: number): void {
    if (this.#queued === 0) this.#first = attempt;
    else this.#attempts.behind[this.#last] = attempt;
    this.#last = attempt;
    this.#queued++;
  }

  #dequeue(): number {
    const first = this.#first;
    this.#first = this.#attempts.behind[first]!;
    this.#queued--;
    return first;
  }
}
