import { type SampleColumns, SampleKind } from "./batch.ts";
import type { Dictionary } from "./dictionary.ts";
import { metricNameProblem, USER_PREFIX } from "./metric-name.ts";
import { metricValueProblem } from "./metric-value.ts";

type Sample = { readonly name: string; readonly kind: SampleKind; second: number; value: number; reported: boolean };

/** Counters and gauges, one row for each second and name. */
export class SampleTable {
  readonly #maxNames: number;
  readonly #counters = new Map<string, Sample>();
  readonly #gauges = new Map<string, Sample>();
  #reported: Sample[] = [];
  #rows: SampleColumns = { timeS: [], nameRef: [], kind: [], value: [] };

  constructor(maxNames: number) {
    this.#maxNames = maxNames;
  }

  /** Whether there is anything to take. */
  get empty(): boolean {
    return this.#reported.length === 0;
  }

  /**
   * Adds to a counter or sets a gauge in the given second.
   *
   * @returns what is wrong, as a sentence, when the value was not taken
   */
  report(kind: SampleKind, name: string, value: number, second: number, dictionary: Dictionary): string | undefined {
    const unusable = metricValueProblem(value);
    if (unusable !== undefined) return `metric ${JSON.stringify(String(name).slice(0, 40))} was not taken: ${unusable}`;
    const samples = kind === SampleKind.counter ? this.#counters : this.#gauges;
    let sample = samples.get(name);
    if (sample === undefined) {
      const problem = metricNameProblem(name) ?? this.#crowdProblem(name);
      if (problem !== undefined) return problem;
      sample = { name: USER_PREFIX + name, kind, second, value: 0, reported: false };
      samples.set(name, sample);
    }
    if (!sample.reported) {
      sample.reported = true;
      sample.value = 0;
      sample.second = second;
      this.#reported.push(sample);
    } else if (sample.second !== second) {
      this.#write(sample, dictionary);
      sample.value = 0;
      sample.second = second;
    }
    sample.value = kind === SampleKind.counter ? sample.value + value : value;
    return undefined;
  }

  /** The rows so far; the table is empty afterwards. */
  take(dictionary: Dictionary): SampleColumns {
    for (const sample of this.#reported) {
      this.#write(sample, dictionary);
      sample.reported = false;
    }
    this.#reported = [];
    const rows = this.#rows;
    this.#rows = { timeS: [], nameRef: [], kind: [], value: [] };
    return rows;
  }

  #crowdProblem(name: string): string | undefined {
    if (this.#counters.size + this.#gauges.size < this.#maxNames) return undefined;
    return `metric ${JSON.stringify(name)} is one more than the ${this.#maxNames} different names that a process may report; put what varies into log fields instead of names`;
  }

  #write(sample: Sample, dictionary: Dictionary): void {
    this.#rows.timeS.push(sample.second);
    this.#rows.nameRef.push(dictionary.refOf(sample.name));
    this.#rows.kind.push(sample.kind);
    this.#rows.value.push(sample.value);
  }
}
