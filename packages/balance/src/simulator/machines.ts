import { constants } from "../constants.ts";
import { type Attempts, Next, nobody, Outcome } from "./attempts.ts";
import type { EventQueue } from "./event-queue.ts";
import { randomAt } from "./random.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { instanceSeed, type ServiceTimes, serviceTimesOf } from "./service-times.ts";

/** A refusal or a full queue is answered after so long: one way there and back. */
const roundTripMs = 0.3;
/** Calls that wait for a worker at most; more are refused. */
const queueLimit = 200;

// The row of each instance: 32 bytes in one place, where an object for each of a thousand would be four places for every call to find.
const idleWorkers = 0;
const queued = 1;
const firstInQueue = 2;
const lastInQueue = 3;
// Of its random numbers, the next one.
const position = 4;
const isFaulty = 5;
const rowLength = 8;

/** All instances of a scenario: each has workers, a queue before them, and what is wrong with it just now. */
export class Machines {
  readonly #attempts: Attempts;
  readonly #events: EventQueue;
  readonly #seed: number;
  readonly #workers: readonly number[];
  readonly #serviceTimes: ServiceTimes;
  readonly #rows: Int32Array;
  readonly #faults: Fault[];

  /** @param seed  of the run */
  constructor(attempts: Attempts, events: EventQueue, { workers, serviceMs }: Scenario, seed: number) {
    this.#attempts = attempts;
    this.#events = events;
    this.#seed = seed;
    this.#workers = workers;
    this.#serviceTimes = serviceTimesOf(seed, serviceMs, workers.length);
    this.#rows = new Int32Array(workers.length * rowLength);
    this.#faults = workers.map(() => ({}));
    for (const [instance, count] of workers.entries()) {
      const row = instance * rowLength;
      this.#rows[row + idleWorkers] = count;
      this.#rows[row + firstInQueue] = nobody;
      this.#rows[row + lastInQueue] = nobody;
    }
  }

  /** From now on this is wrong with an instance; `{}` is nothing. */
  suffer(instance: number, fault: Fault): void {
    const row = instance * rowLength;
    this.#faults[instance] = fault;
    this.#rows[row + isFaulty] = Object.keys(fault).length;
    if (!fault.refuses) return;
    this.#rows[row + idleWorkers] = this.#workers[instance]!;
    this.#loseWork(instance);
    while (this.#rows[row + queued]! > 0) this.#reply(this.#dequeue(row), Outcome.broken, roundTripMs);
  }

  #loseWork(lost: number): void {
    const { count, instance, next } = this.#attempts;
    for (let attempt = 0; attempt < count; attempt++) {
      if (instance[attempt] === lost && next[attempt] === Next.work) next[attempt] = Next.lost;
    }
  }

  /** An attempt reaches its instance. */
  receive(instance: number, attempt: number): void {
    const rows = this.#rows;
    const row = instance * rowLength;
    if (rows[row + isFaulty] !== 0 && this.#turnsAway(instance, attempt)) return;
    if (rows[row + idleWorkers]! > 0) {
      rows[row + idleWorkers]!--;
      this.#work(instance, attempt);
    } else if (rows[row + queued]! < queueLimit) this.#enqueue(row, attempt);
    else this.#reply(attempt, Outcome.failed, roundTripMs);
  }

  #turnsAway(instance: number, attempt: number): boolean {
    const { refuses, silent, failsInMs } = this.#faults[instance]!;
    if (refuses) this.#reply(attempt, Outcome.broken, roundTripMs);
    else if (silent) this.#attempts.swallow(attempt);
    else if (failsInMs !== undefined) this.#reply(attempt, Outcome.failed, failsInMs);
    else return false;
    return true;
  }

  /** Whether anybody is there: answered beside all work, by whoever is reached at all. */
  ask(instance: number, attempt: number): void {
    const { refuses, silent, extraMs = 0 } = this.#faults[instance]!;
    const answerMs = silent ? Number.POSITIVE_INFINITY : roundTripMs + extraMs;
    this.#attempts.next[attempt] = refuses || answerMs > constants.askTimeoutMs ? Next.absent : Next.present;
    this.#events.add(this.#events.nowMs + Math.min(answerMs, constants.askTimeoutMs), attempt);
  }

  /** A worker of the instance has come to the end of this. */
  worked(instance: number, attempt: number): void {
    const rows = this.#rows;
    const row = instance * rowLength;
    if (rows[row + queued]! > 0) this.#work(instance, this.#dequeue(row));
    else rows[row + idleWorkers]!++;
    if (rows[row + isFaulty] !== 0) this.#workedBadly(instance, attempt);
    else this.#reply(attempt, Outcome.ok, roundTripMs);
  }

  #workedBadly(instance: number, attempt: number): void {
    const { silent, extraMs = 0, errorRatio } = this.#faults[instance]!;
    if (silent) this.#attempts.swallow(attempt);
    else {
      const isFailed = errorRatio !== undefined && this.#random(instance) < errorRatio;
      this.#reply(attempt, isFailed ? Outcome.failed : Outcome.ok, roundTripMs + extraMs);
    }
  }

  #random(instance: number): number {
    return randomAt(instanceSeed(this.#seed, instance), this.#rows[instance * rowLength + position]!++);
  }

  /** The worker that would now have come to the end of this is no more. */
  lost(attempt: number): void {
    this.#reply(attempt, Outcome.broken, 0);
  }

  #work(instance: number, attempt: number): void {
    const rows = this.#rows;
    const row = instance * rowLength;
    this.#attempts.next[attempt] = Next.work;
    let workMs = this.#serviceTimes.at(instance, rows[row + position]!++);
    if (rows[row + isFaulty] !== 0) workMs *= this.#faults[instance]!.slowness ?? 1;
    this.#events.add(this.#events.nowMs + workMs, attempt);
  }

  #reply(attempt: number, outcome: Outcome, afterMs: number): void {
    const atMs = this.#events.nowMs + afterMs;
    this.#attempts.next[attempt] = outcome;
    // All that takes one round trip, which is nearly all, comes in its order.
    if (afterMs === roundTripMs) this.#events.addInOrder(atMs, attempt);
    else this.#events.add(atMs, attempt);
  }

  #enqueue(row: number, attempt: number): void {
    const rows = this.#rows;
    this.#attempts.next[attempt] = Next.queued;
    if (rows[row + queued] === 0) rows[row + firstInQueue] = attempt;
    else this.#attempts.behind[rows[row + lastInQueue]!] = attempt;
    rows[row + lastInQueue] = attempt;
    rows[row + queued]!++;
  }

  #dequeue(row: number): number {
    const rows = this.#rows;
    const first = rows[row + firstInQueue]!;
    rows[row + firstInQueue] = this.#attempts.behind[first]!;
    rows[row + queued]!--;
    return first;
  }
}
