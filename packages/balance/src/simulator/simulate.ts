import type { CallResult } from "../route.ts";
import type { Algorithm, Chooser } from "./algorithm.ts";
import { type Arrivals, arrivalsOf } from "./arrivals.ts";
import { Attempts, Outcome, Stage } from "./attempts.ts";
import { EventQueue, TimedLine } from "./event-queue.ts";
import { Machine } from "./machine.ts";
import { Measurement, type Result, timeoutMs } from "./measurement.ts";
import { seededRandom } from "./random.ts";
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

/** The same chooser in an object of one shape for all algorithms: three look-ups for each call are quicker by it. */
function uniform({ update, pick, started, finished, asked = ignore }: Chooser): Required<Chooser> {
  return { update, pick, started, finished, asked };
}

function ignore(): void {}

class World {
  readonly #scenario: Scenario;
  readonly #attempts = new Attempts();
  readonly #events = new EventQueue();
  readonly #measurement: Measurement;
  readonly #machines: Machine[];
  readonly #choosers: Required<Chooser>[];
  readonly #arrivals: Arrivals;
  // There are few, and they are known from the beginning: a list in the order of time.
  readonly #plans: Plan[];
  #nextPlan = 0;
  #planMs: number;
  #nextArrival = 0;
  // Those that wait for an answer, but for some that have theirs while one before them has not. All time-outs are equally long, so they end in
  // the order in which they began: a line, not the heap.
  readonly #waiting = new TimedLine();
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
      (workers, number) =>
        new Machine(this.#attempts, this.#events, seededRandom(seed * 7919 + number), workers, scenario.serviceMs),
    );
    this.#arrivals = arrivalsOf(scenario, seed);
    const choices = seededRandom(seed + 1);
    const now = () => this.#nowMs;
    this.#choosers = Array.from({ length: scenario.callers }, (_, caller) =>
      uniform(algorithm.create(now, choices, (instance) => this.#ask(caller, instance))),
    );
    this.#plans = this.#planned();
    this.#planMs = this.#plans[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  run(): Result {
    this.#changeTables();
    const arrivalsMs = this.#arrivals.atMs;
    const endMs = this.#scenario.seconds * 1_000;
    const events = this.#events;
    const waiting = this.#waiting;
    for (;;) {
      // Most are events and arrivals: two comparisons for them, and two that hardly ever hold.
      let atMs = events.nextMs;
      const arrivalMs = arrivalsMs[this.#nextArrival]!;
      if (arrivalMs <= atMs) atMs = arrivalMs;
      if (waiting.firstMs <= atMs || this.#planMs <= atMs) atMs = Math.min(waiting.firstMs, this.#planMs);
      if (atMs >= endMs) return this.#measurement.result();
      this.#nowMs = atMs;
      if (waiting.firstMs === atMs) this.#timeOut();
      else if (this.#planMs === atMs) this.#carryOut();
      else if (arrivalMs === atMs) this.#arrive();
      else this.#happen(events.take());
    }
  }

  #carryOut(): void {
    this.#plans[this.#nextPlan++]!.run();
    this.#planMs = this.#plans[this.#nextPlan]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #happen(attempt: number): void {
    const attempts = this.#attempts;
    const instance = attempts.instance[attempt]!;
    const stage = attempts.stage[attempt]!;
    if (stage === Stage.work) {
      this.#machines[instance]!.worked(attempt, this.#nowMs);
      return;
    }
    const outcome = attempts.outcome[attempt] as Outcome;
    if (stage === Stage.answer) this.#end(attempt, outcome);
    else this.#choosers[attempts.caller[attempt]!]!.asked(instance, outcome === Outcome.ok);
    attempts.release(attempt);
  }

  #ask(caller: number, instance: number): void {
    const attempt = this.#attempts.begin(caller, instance, this.#nowMs, this.#nowMs, undefined, 1);
    this.#machines[instance]!.ask(this.#nowMs, attempt);
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

  #arrive(): void {
    this.#attempt(this.#arrivals.caller[this.#nextArrival++]!, this.#nowMs, undefined);
  }

  #attempt(caller: number, callBegunMs: number, tried: ReadonlySet<number> | undefined): void {
    const nowMs = this.#nowMs;
    const chooser = this.#choosers[caller]!;
    const instance = chooser.pick(tried);
    if (instance < 0) {
      this.#measurement.ended(callBegunMs, nowMs, false);
      return;
    }
    chooser.started(instance);
    this.#measurement.attempted(instance, nowMs);
    const attempt = this.#attempts.begin(caller, instance, callBegunMs, nowMs, tried, 2);
    this.#waiting.push(nowMs + timeoutMs, attempt);
    this.#machines[instance]!.receive(nowMs, attempt);
  }

  #end(attempt: number, outcome: Outcome): void {
    const attempts = this.#attempts;
    if (attempts.isOver[attempt] === 1) return;
    attempts.isOver[attempt] = 1;
    if (this.#waiting.first === attempt) this.#stopWaiting();
    const caller = attempts.caller[attempt]!;
    const instance = attempts.instance[attempt]!;
    const callBegunMs = attempts.callBegunMs[attempt]!;
    const result = this.#result;
    result.ok = outcome === Outcome.ok;
    result.durationMs = this.#nowMs - attempts.begunMs[attempt]!;
    result.transportFailed = outcome === Outcome.broken;
    this.#choosers[caller]!.finished(instance, result);
    const tried = attempts.tried[attempt];
    if (!result.ok && (tried?.size ?? 0) < this.#scenario.repeats) {
      this.#attempt(caller, callBegunMs, new Set(tried).add(instance));
    } else this.#measurement.ended(callBegunMs, this.#nowMs, result.ok);
  }

  #stopWaiting(): void {
    const waiting = this.#waiting;
    const { isOver } = this.#attempts;
    do this.#attempts.release(waiting.shift());
    while (waiting.firstMs < Number.POSITIVE_INFINITY && isOver[waiting.first] === 1);
  }

  // Whoever answers later answers nobody: the work is done all the same, which is what makes storms.
  #timeOut(): void {
    this.#end(this.#waiting.first, Outcome.failed);
  }
}
