import type { CallResult } from "../route.ts";
import type { Algorithm, Chooser } from "./algorithm.ts";
import { type Arrivals, arrivalsOf } from "./arrivals.ts";
import { Attempts, type Earlier, Next, Outcome } from "./attempts.ts";
import { EventQueue } from "./event-queue.ts";
import { Machines } from "./machines.ts";
import { Measurement, type Result } from "./measurement.ts";
import { seededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { TimeOuts } from "./time-outs.ts";

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
  // Of the scenario, which is an object of one of many shapes.
  readonly #repeats: number;
  readonly #endMs: number;
  readonly #attempts = new Attempts();
  readonly #events = new EventQueue();
  readonly #timeOuts = new TimeOuts(this.#attempts);
  readonly #measurement: Measurement;
  readonly #machines: Machines;
  readonly #choosers: Required<Chooser>[];
  readonly #arrivals: Arrivals;
  #nextArrival = 0;
  // There are few, and they are known from the beginning: a list in the order of time.
  readonly #plans: Plan[];
  #nextPlan = 0;
  // When something happens next that is neither an event nor an arrival: a time-out, a plan, the end.
  #rareMs = 0;
  // The one that is handed out; nobody keeps it.
  readonly #result: { -readonly [Field in keyof CallResult]: CallResult[Field] } = {
    ok: true,
    durationMs: 0,
    transportFailed: false,
  };

  constructor(scenario: Scenario, algorithm: Algorithm, seed: number) {
    this.#scenario = scenario;
    this.#repeats = scenario.repeats;
    this.#endMs = scenario.seconds * 1_000;
    this.#measurement = new Measurement(scenario);
    this.#machines = new Machines(this.#attempts, this.#events, scenario, seed);
    this.#arrivals = arrivalsOf(scenario, seed);
    const choices = seededRandom(seed + 1);
    const events = this.#events;
    const now = () => events.nowMs;
    this.#choosers = Array.from({ length: scenario.callers }, (_, caller) =>
      uniform(algorithm.create(now, choices, (instance) => this.#ask(caller, instance))),
    );
    this.#plans = this.#planned();
  }

  run(): Result {
    this.#changeTables();
    const arrivalsMs = this.#arrivals.atMs;
    const events = this.#events;
    for (;;) {
      const eventMs = events.nextMs;
      const arrivalMs = arrivalsMs[this.#nextArrival]!;
      const isArrival = arrivalMs <= eventMs;
      const atMs = isArrival ? arrivalMs : eventMs;
      if (this.#rareMs <= atMs) {
        if (this.#rareMs >= this.#endMs) return this.#measurement.result();
        events.nowMs = this.#rareMs;
        this.#happenRarely();
        continue;
      }
      events.nowMs = atMs;
      if (isArrival) this.#arrive();
      else this.#happen(events.take());
    }
  }

  // Whoever answers after a time-out answers nobody: the work is done all the same, which is what makes storms.
  #happenRarely(): void {
    if (this.#timeOuts.atMs === this.#rareMs) {
      const attempt = this.#timeOuts.take();
      if (attempt !== undefined) this.#end(attempt, Outcome.failed, false);
    } else this.#plans[this.#nextPlan++]!.run();
    const planMs = this.#plans[this.#nextPlan]?.atMs ?? Number.POSITIVE_INFINITY;
    this.#rareMs = Math.min(this.#timeOuts.atMs, planMs, this.#endMs);
  }

  #happen(attempt: number): void {
    const attempts = this.#attempts;
    const next = attempts.next[attempt] as Next;
    if (next <= Outcome.broken) this.#answer(attempt, next as Outcome);
    else if (next === Next.work) this.#machines.worked(attempts.instance[attempt]!, attempt);
    else if (next === Next.lost) this.#machines.lost(attempt);
    else {
      this.#choosers[attempts.caller[attempt]!]!.asked(attempts.instance[attempt]!, next === Next.present);
      attempts.release(attempt);
    }
  }

  #ask(caller: number, instance: number): void {
    this.#machines.ask(instance, this.#attempts.begin(caller, instance, Number.POSITIVE_INFINITY));
  }

  #changeTables(): void {
    const { joins, workers } = this.#scenario;
    const { nowMs } = this.#events;
    const absent = new Set(joins.filter(({ atS }) => atS * 1_000 > nowMs).map(({ instance }) => instance));
    const table = workers.map((_, instance) => instance).filter((instance) => !absent.has(instance));
    for (const chooser of this.#choosers) chooser.update(table);
  }

  #planned(): Plan[] {
    const plans: Plan[] = [];
    for (const { atS } of this.#scenario.joins) plans.push({ atMs: atS * 1_000, run: () => this.#changeTables() });
    for (const { instances, fromS, untilS, fault } of this.#scenario.faults) {
      for (const instance of instances) {
        const machines = this.#machines;
        plans.push({ atMs: fromS * 1_000, run: () => machines.suffer(instance, fault) });
        plans.push({ atMs: untilS * 1_000, run: () => machines.suffer(instance, {}) });
      }
    }
    return plans.sort((a, b) => a.atMs - b.atMs);
  }

  #arrive(): void {
    this.#attempt(this.#arrivals.caller[this.#nextArrival++]!, undefined);
  }

  #attempt(caller: number, earlier: Earlier | undefined): void {
    const chooser = this.#choosers[caller]!;
    const instance = chooser.pick(earlier?.tried);
    const { nowMs } = this.#events;
    if (instance < 0) {
      this.#measurement.ended(earlier?.begunMs ?? nowMs, nowMs, false);
      return;
    }
    chooser.started(instance);
    this.#measurement.attempted(instance, nowMs);
    const attempt = this.#attempts.begin(caller, instance, nowMs);
    if (this.#repeats > 0) this.#attempts.earlier[attempt] = earlier;
    this.#machines.receive(instance, attempt);
  }

  #answer(attempt: number, outcome: Outcome): void {
    if (this.#attempts.begunMs[attempt] === Number.POSITIVE_INFINITY) this.#attempts.release(attempt);
    else this.#end(attempt, outcome, true);
  }

  #end(attempt: number, outcome: Outcome, isAnswered: boolean): void {
    const attempts = this.#attempts;
    const begunMs = attempts.begunMs[attempt]!;
    const { nowMs } = this.#events;
    const caller = attempts.caller[attempt]!;
    const instance = attempts.instance[attempt]!;
    const result = this.#result;
    result.ok = outcome === Outcome.ok;
    result.durationMs = nowMs - begunMs;
    result.transportFailed = outcome === Outcome.broken;
    this.#choosers[caller]!.finished(instance, result);
    const earlier = this.#repeats > 0 ? attempts.earlier[attempt] : undefined;
    if (isAnswered) attempts.release(attempt);
    else attempts.giveUp(attempt);
    const callBegunMs = earlier === undefined ? begunMs : earlier.begunMs;
    if (result.ok || (earlier?.tried.size ?? 0) >= this.#repeats)
      this.#measurement.ended(callBegunMs, nowMs, result.ok);
    else this.#attempt(caller, { begunMs: callBegunMs, tried: new Set(earlier?.tried).add(instance) });
  }
}
