import { constants } from "../constants.ts";
import { type Attempts, Next, nobody, Outcome } from "./attempts.ts";
import type { EventQueue } from "./event-queue.ts";
import { randomAt } from "./random.ts";
import type { Fault } from "./scenario.ts";
import { instanceSeed, type ServiceTimes, serviceTimesOf } from "./service-times.ts";

/** A refusal or a full queue is answered after so long: one way there and back. */
const roundTripMs = 0.3;
/** Calls that wait for a worker at most; more are refused. */
const queueLimit = 200;

/** One instance: workers, a queue before them, and what is wrong with it just now. */
export class Machine {
  readonly #attempts: Attempts;
  readonly #events: EventQueue;
  readonly #number: number;
  readonly #seed: number;
  readonly #workers: number;
  readonly #serviceTimes: ServiceTimes;
  // Of its random numbers, the next one.
  #position = 0;
  #first = nobody;
  #last = nobody;
  #queued = 0;
  #busy = 0;
  // What is wrong with it, each in a place of its own: faults are objects of many shapes, which every call would have to tell apart.
  #isFaulty = false;
  #fault: Fault = {};
  #slowness = 1;

  /** @param seed  of the run */
  constructor(
    attempts: Attempts,
    events: EventQueue,
    instance: { readonly number: number; readonly workers: number; readonly serviceMs: number },
    seed: number,
  ) {
    this.#attempts = attempts;
    this.#events = events;
    this.#number = instance.number;
    this.#workers = instance.workers;
    this.#seed = instanceSeed(seed, instance.number);
    this.#serviceTimes = serviceTimesOf(seed, instance.number, instance.serviceMs);
  }

  /** From now on this is wrong with it; `{}` is nothing. */
  suffer(fault: Fault): void {
    this.#fault = fault;
    this.#isFaulty = Object.keys(fault).length > 0;
    this.#slowness = fault.slowness ?? 1;
    if (!fault.refuses) return;
    this.#busy = 0;
    this.#loseWork();
    while (this.#queued > 0) this.#reply(this.#dequeue(), Outcome.broken, roundTripMs);
  }

  #loseWork(): void {
    const { count, instance, next } = this.#attempts;
    for (let row = 0; row < count; row++) {
      if (instance[row] === this.#number && next[row] === Next.work) next[row] = Next.lost;
    }
  }

  receive(attempt: number): void {
    if (this.#isFaulty && this.#turnsAway(attempt)) return;
    if (this.#busy < this.#workers) this.#work(attempt);
    else if (this.#queued < queueLimit) this.#enqueue(attempt);
    else this.#reply(attempt, Outcome.failed, roundTripMs);
  }

  #turnsAway(attempt: number): boolean {
    const { refuses, silent, failsInMs } = this.#fault;
    if (refuses) this.#reply(attempt, Outcome.broken, roundTripMs);
    else if (silent) this.#attempts.swallow(attempt);
    else if (failsInMs !== undefined) this.#reply(attempt, Outcome.failed, failsInMs);
    else return false;
    return true;
  }

  /** Whether anybody is there: answered beside all work, by whoever is reached at all. */
  ask(attempt: number): void {
    const { refuses, silent, extraMs = 0 } = this.#fault;
    const answerMs = silent ? Number.POSITIVE_INFINITY : roundTripMs + extraMs;
    this.#attempts.next[attempt] = refuses || answerMs > constants.askTimeoutMs ? Next.absent : Next.present;
    this.#events.add(this.#events.nowMs + Math.min(answerMs, constants.askTimeoutMs), attempt);
  }

  /** A worker has come to the end of this. */
  worked(attempt: number): void {
    this.#busy--;
    if (this.#queued > 0) this.#work(this.#dequeue());
    if (this.#isFaulty) this.#workedBadly(attempt);
    else this.#reply(attempt, Outcome.ok, roundTripMs);
  }

  #workedBadly(attempt: number): void {
    const { silent, extraMs = 0, errorRatio } = this.#fault;
    if (silent) {
      this.#attempts.swallow(attempt);
      return;
    }
    const isFailed = errorRatio !== undefined && randomAt(this.#seed, this.#position++) < errorRatio;
    this.#reply(attempt, isFailed ? Outcome.failed : Outcome.ok, roundTripMs + extraMs);
  }

  /** The worker that would now have come to the end of this is no more. */
  lost(attempt: number): void {
    this.#reply(attempt, Outcome.broken, 0);
  }

  #work(attempt: number): void {
    this.#busy++;
    this.#attempts.next[attempt] = Next.work;
    this.#events.add(this.#events.nowMs + this.#serviceTimes.at(this.#position++) * this.#slowness, attempt);
  }

  #reply(attempt: number, outcome: Outcome, afterMs: number): void {
    const atMs = this.#events.nowMs + afterMs;
    this.#attempts.next[attempt] = outcome;
    // All that takes one round trip, which is nearly all, comes in its order.
    if (afterMs === roundTripMs) this.#events.addInOrder(atMs, attempt);
    else this.#events.add(atMs, attempt);
  }

  #enqueue(attempt: number): void {
    this.#attempts.next[attempt] = Next.queued;
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
