import type { Algorithm, Chooser } from "./algorithm.ts";
import { EventQueue } from "./event-queue.ts";
import { Machine, type Outcome } from "./machine.ts";
import { Measurement, type Result, timeoutMs } from "./measurement.ts";
import { exponential, seededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Runs one algorithm through one scenario in virtual time.
 *
 * The same seed gives the same arrivals and the same service times at every instance, whatever the algorithm.
 *
 * @param seed  any integer
 */
export function simulate(scenario: Scenario, algorithm: Algorithm, seed: number): Result {
  return new World(scenario, algorithm, seed).run();
}

/** One call of a caller with all its attempts. */
type Call = { readonly chooser: Chooser; readonly begunMs: number; tried: Set<number> | undefined };

/** One attempt that is out. */
type Attempt = { readonly call: Call; readonly instance: number; readonly begunMs: number; isOver: boolean };

class World {
  readonly #scenario: Scenario;
  readonly #events = new EventQueue();
  readonly #measurement: Measurement;
  readonly #machines: Machine[];
  readonly #choosers: Chooser[];
  readonly #arrivals: () => number;
  // All time-outs are equally long, so they end in the order in which they began: a queue, not the heap.
  #waiting: Attempt[] = [];
  #firstWaiting = 0;
  #nowMs = 0;

  constructor(scenario: Scenario, algorithm: Algorithm, seed: number) {
    this.#scenario = scenario;
    this.#measurement = new Measurement(scenario);
    this.#machines = scenario.workers.map(
      (workers, number) => new Machine(this.#events, seededRandom(seed * 7919 + number), workers, scenario.serviceMs),
    );
    this.#arrivals = seededRandom(seed);
    const choices = seededRandom(seed + 1);
    this.#choosers = Array.from({ length: scenario.callers }, () => algorithm.create(() => this.#nowMs, choices));
  }

  run(): Result {
    this.#changeTables();
    this.#planFaults();
    this.#planArrival();
    const endMs = this.#scenario.seconds * 1_000;
    for (;;) {
      const timeOutMs = this.#nextTimeOutMs();
      const atMs = Math.min(this.#events.nextMs, timeOutMs);
      if (atMs >= endMs) return this.#measurement.result();
      this.#nowMs = atMs;
      if (timeOutMs === atMs) this.#timeOut();
      else this.#events.take()!.run();
    }
  }

  #changeTables(): void {
    const { joins, workers } = this.#scenario;
    const absent = new Set(joins.filter(({ atS }) => atS * 1_000 > this.#nowMs).map(({ instance }) => instance));
    const table = workers.map((_, instance) => instance).filter((instance) => !absent.has(instance));
    for (const chooser of this.#choosers) chooser.update(table);
  }

  #planFaults(): void {
    for (const { atS } of this.#scenario.joins) this.#events.add(atS * 1_000, () => this.#changeTables());
    for (const { instances, fromS, untilS, fault } of this.#scenario.faults) {
      for (const instance of instances) {
        const machine = this.#machines[instance]!;
        this.#events.add(fromS * 1_000, () => machine.suffer(fault, this.#nowMs));
        this.#events.add(untilS * 1_000, () => machine.suffer({}, this.#nowMs));
      }
    }
  }

  // All callers together are one stream; each call belongs to any of them.
  #planArrival(): void {
    const { callsPerSecond, callers } = this.#scenario;
    const atMs = this.#nowMs + exponential(this.#arrivals, 1_000 / callsPerSecond);
    const chooser = this.#choosers[Math.floor(this.#arrivals() * callers)]!;
    this.#events.add(atMs, () => {
      this.#planArrival();
      this.#attempt({ chooser, begunMs: this.#nowMs, tried: undefined });
    });
  }

  #attempt(call: Call): void {
    const instance = call.chooser.pick(call.tried);
    if (instance < 0) {
      this.#measurement.ended(call.begunMs, this.#nowMs, false);
      return;
    }
    call.chooser.started(instance);
    this.#measurement.attempted(instance, this.#nowMs);
    const attempt: Attempt = { call, instance, begunMs: this.#nowMs, isOver: false };
    this.#waiting.push(attempt);
    this.#machines[instance]!.receive(this.#nowMs, (outcome) => this.#end(attempt, outcome));
  }

  #end(attempt: Attempt, outcome: Outcome): void {
    if (attempt.isOver) return;
    attempt.isOver = true;
    const { call, instance, begunMs } = attempt;
    const ok = outcome === "ok";
    call.chooser.finished(instance, {
      ok,
      durationMs: this.#nowMs - begunMs,
      transportFailed: outcome === "broken",
    });
    call.tried ??= new Set();
    call.tried.add(instance);
    if (!ok && call.tried.size <= this.#scenario.repeats) this.#attempt(call);
    else this.#measurement.ended(call.begunMs, this.#nowMs, ok);
  }

  #nextTimeOutMs(): number {
    const waiting = this.#waiting;
    while (this.#firstWaiting < waiting.length && waiting[this.#firstWaiting]!.isOver) this.#firstWaiting++;
    if (this.#firstWaiting > 4_096) {
      this.#waiting = waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    const first = this.#waiting[this.#firstWaiting];
    return first === undefined ? Number.POSITIVE_INFINITY : first.begunMs + timeoutMs;
  }

  // Whoever answers later answers nobody: the work is done all the same, which is what makes storms.
  #timeOut(): void {
    this.#end(this.#waiting[this.#firstWaiting]!, "failed");
  }
}
