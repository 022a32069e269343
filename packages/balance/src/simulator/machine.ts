import { constants } from "../constants.ts";
import { type Attempt, Outcome, Stage } from "./attempt.ts";
import type { EventQueue } from "./event-queue.ts";
import { serviceTime } from "./random.ts";
import type { Fault } from "./scenario.ts";

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
  #first: Attempt | undefined;
  #last: Attempt | undefined;
  #queued = 0;
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
    while (this.#queued > 0) this.#reply(this.#dequeue(), Outcome.broken, nowMs, roundTripMs);
  }

  receive(nowMs: number, attempt: Attempt): void {
    const { refuses, silent, failsInMs } = this.#fault;
    if (refuses) this.#reply(attempt, Outcome.broken, nowMs, roundTripMs);
    else if (silent) return;
    else if (failsInMs !== undefined) this.#reply(attempt, Outcome.failed, nowMs, failsInMs);
    else if (this.#busy < this.#workers) this.#work(nowMs, attempt);
    else if (this.#queued < queueLimit) this.#enqueue(attempt);
    else this.#reply(attempt, Outcome.failed, nowMs, roundTripMs);
  }

  /** Whether anybody is there: answered beside all work, by whoever is reached at all. */
  ask(nowMs: number, attempt: Attempt): void {
    const { refuses, silent, extraMs = 0 } = this.#fault;
    const answerMs = silent ? Number.POSITIVE_INFINITY : roundTripMs + extraMs;
    attempt.stage = Stage.ask;
    attempt.outcome = refuses || answerMs > constants.askTimeoutMs ? Outcome.broken : Outcome.ok;
    this.#events.add(nowMs + Math.min(answerMs, constants.askTimeoutMs), attempt);
  }

  /** A worker has come to the end of this. */
  worked(attempt: Attempt, nowMs: number): void {
    if (attempt.life !== this.#life) {
      this.#reply(attempt, Outcome.broken, nowMs, 0);
      return;
    }
    this.#busy--;
    if (this.#queued > 0) this.#work(nowMs, this.#dequeue());
    const { silent, extraMs = 0, errorRatio } = this.#fault;
    if (silent) return;
    const isFailed = errorRatio !== undefined && this.#random() < errorRatio;
    this.#reply(attempt, isFailed ? Outcome.failed : Outcome.ok, nowMs, roundTripMs + extraMs);
  }

  #work(nowMs: number, attempt: Attempt): void {
    this.#busy++;
    attempt.life = this.#life;
    attempt.stage = Stage.work;
    const { slowness = 1 } = this.#fault;
    this.#events.add(nowMs + serviceTime(this.#random, this.#serviceMs) * slowness, attempt);
  }

  #reply(attempt: Attempt, outcome: Outcome, nowMs: number, afterMs: number): void {
    const atMs = nowMs + afterMs;
    attempt.stage = Stage.answer;
    attempt.outcome = outcome;
    // All that takes one round trip, which is nearly all, comes in its order.
    if (afterMs === roundTripMs) this.#events.addInOrder(atMs, attempt);
    else this.#events.add(atMs, attempt);
  }

  #enqueue(attempt: Attempt): void {
    if (this.#last === undefined || this.#queued === 0) this.#first = attempt;
    else this.#last.behind = attempt;
    this.#last = attempt;
    this.#queued++;
  }

  #dequeue(): Attempt {
    const first = this.#first!;
    this.#first = first.behind;
    first.behind = undefined;
    this.#queued--;
    return first;
  }
}
