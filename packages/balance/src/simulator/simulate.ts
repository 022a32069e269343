import type { CallResult } from "../route.ts";
import type { Algorithm, Chooser } from "./algorithm.ts";
import { Attempt, Outcome, Stage } from "./attempt.ts";
import { EventQueue } from "./event-queue.ts";
import { Machine } from "./machine.ts";
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

/** Something that the scenario has planned. */
type Plan = { readonly atMs: number; readonly run: () => void };

class World {
  readonly #scenario: Scenario;
  readonly #events = new EventQueue();
  readonly #measurement: Measurement;
  readonly #machines: Machine[];
  readonly #choosers: Chooser[];
  readonly #arrivals: () => number;
  // There are few, and they are known from the beginning: a list in the order of time.
  readonly #plans: Plan[];
  #nextPlan = 0;
  // One arrival follows the other: only the next one is ever known.
  #arrivalMs = 0;
  #arrivalAt: Chooser;
  // All time-outs are equally long, so they end in the order in which they began: a queue, not the heap.
  #waiting: Attempt[] = [];
  #firstWaiting = 0;
  #nowMs = 0;
  // The one that is handed out; nobody keeps it.
  readonly #result: { -readonly [Field in keyof CallResult]: CallResult[Field] } = {
    ok: true,
    durationMs: 0,
    transportFailed: false,
  };

  constructor(scenario: Scenario, algorithm: Algorithm, seed: number) {
    this.#scenario = scenario;
    this.#measurement = new Measurement(scenario);
    this.#machines = scenario.workers.map(
      (workers, number) => new Machine(this.#events, seededRandom(seed * 7919 + number), workers, scenario.serviceMs),
    );
    this.#arrivals = seededRandom(seed);
    const choices = seededRandom(seed + 1);
    this.#choosers = Array.from({ length: scenario.callers }, () => {
      const ask = (instance: number) => this.#ask(chooser, instance);
      const chooser = algorithm.create(() => this.#nowMs, choices, ask);
      return chooser;
    });
    this.#arrivalAt = this.#choosers[0]!;
    this.#plans = this.#planned();
  }

  run(): Result {
    this.#changeTables();
    this.#planArrival();
    const endMs = this.#scenario.seconds * 1_000;
    for (;;) {
      const eventMs = this.#events.nextMs;
      const timeOutMs = this.#nextTimeOutMs();
      const planMs = this.#plans[this.#nextPlan]?.atMs ?? Number.POSITIVE_INFINITY;
      const atMs = Math.min(eventMs, timeOutMs, planMs, this.#arrivalMs);
      if (atMs >= endMs) return this.#measurement.result();
      this.#nowMs = atMs;
      if (timeOutMs === atMs) this.#timeOut();
      else if (planMs === atMs) this.#plans[this.#nextPlan++]!.run();
      else if (this.#arrivalMs === atMs) this.#arrive();
      else this.#happen(this.#events.take());
    }
  }

  #happen(attempt: Attempt): void {
    const { stage, instance, outcome } = attempt;
    if (stage === Stage.work) this.#machines[instance]!.worked(attempt, this.#nowMs);
    else if (stage === Stage.answer) this.#end(attempt, outcome);
    else attempt.chooser.asked?.(instance, outcome === Outcome.ok);
  }

  #ask(chooser: Chooser, instance: number): void {
    this.#machines[instance]!.ask(this.#nowMs, new Attempt(chooser, instance, this.#nowMs, this.#nowMs, undefined));
  }

  #changeTables(): void {
    const { joins, workers } = this.#scenario;
    const absent = new Set(joins.filter(({ atS }) => atS * 1_000 > this.#nowMs).map(({ instance }) => instance));
    const table = workers.map((_, instance) => instance).filter((instance) => !absent.has(instance));
    for (const chooser of this.#choosers) chooser.update(table);
  }

  #planned(): Plan[] {
    const plans: Plan[] = [];
    for (const { atS } of this.#scenario.joins) plans.push({ atMs: atS * 1_000, run: () => this.#changeTables() });
    for (const { instances, fromS, untilS, fault } of this.#scenario.faults) {
      for (const instance of instances) {
        const machine = this.#machines[instance]!;
        plans.push({ atMs: fromS * 1_000, run: () => machine.suffer(fault, this.#nowMs) });
        plans.push({ atMs: untilS * 1_000, run: () => machine.suffer({}, this.#nowMs) });
      }
    }
    return plans.sort((a, b) => a.atMs - b.atMs);
  }

  // All callers together are one stream; each call belongs to any of them.
  #planArrival(): void {
    const { callsPerSecond, callers } = this.#scenario;
    this.#arrivalMs = this.#nowMs + exponential(this.#arrivals, 1_000 / callsPerSecond);
    this.#arrivalAt = this.#choosers[Math.floor(this.#arrivals() * callers)]!;
  }

  #arrive(): void {
    const chooser = this.#arrivalAt;
    this.#planArrival();
    this.#attempt(chooser, this.#nowMs, undefined);
  }

  #attempt(chooser: Chooser, callBegunMs: number, tried: ReadonlySet<number> | undefined): void {
    const nowMs = this.#nowMs;
    const instance = chooser.pick(tried);
    if (instance < 0) {
      this.#measurement.ended(callBegunMs, nowMs, false);
      return;
    }
    chooser.started(instance);
    this.#measurement.attempted(instance, nowMs);
    const attempt = new Attempt(chooser, instance, callBegunMs, nowMs, tried);
    this.#waiting.push(attempt);
    this.#machines[instance]!.receive(nowMs, attempt);
  }

  #end(attempt: Attempt, outcome: Outcome): void {
    if (attempt.isOver) return;
    attempt.isOver = true;
    const { chooser, instance, callBegunMs, begunMs, tried } = attempt;
    const result = this.#result;
    result.ok = outcome === Outcome.ok;
    result.durationMs = this.#nowMs - begunMs;
    result.transportFailed = outcome === Outcome.broken;
    chooser.finished(instance, result);
    if (!result.ok && (tried?.size ?? 0) < this.#scenario.repeats) {
      this.#attempt(chooser, callBegunMs, new Set(tried).add(instance));
    } else this.#measurement.ended(callBegunMs, this.#nowMs, result.ok);
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
    this.#end(this.#waiting[this.#firstWaiting]!, Outcome.failed);
  }
}
