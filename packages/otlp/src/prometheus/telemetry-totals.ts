import { type Batch, findMetric, levelName, MetricUnit, SampleKind, Side } from "@msec/telemetry";
import type { HistogramSample, MetricFamily } from "./exposition.ts";

/** What a batch must have to be counted; messages of `msec.telemetry.v1.Batch` have it too. */
export type CountedBatch = {
  readonly strings: readonly string[];
  readonly droppedRows: bigint;
  readonly calls?: Columns<"calls"> | undefined;
  readonly samples?: Columns<"samples"> | undefined;
  readonly logs?: { readonly level: readonly number[] } | undefined;
};

type Columns<Table extends "calls" | "samples"> = { readonly [Column in keyof Batch[Table]]: readonly number[] };

/** Whose batch it is; service and instance are "" for the host itself, the host "" where there is only one. */
export type CountedOwner = { readonly host: string; readonly service: string; readonly instance: string };

/** How many different ones are told apart; the others count together as "(other)". */
export const totalsLimits = { calls: 1_000, histograms: 300, services: 500, gauges: 10_000, user: 2_000 } as const;

const OTHER = "(other)";
const gaugeAgeMs = 120_000;
/** A counter of developers' own that nobody adds to makes room for another: unlike hosts' their names are without end. */
const userCounterAgeMs = 3_600_000;
const userFamily = "usr.";

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

// The first bound that is not below a bucket's end: bucket i ends at 2^((i+1)/8) µs.
const boundOfBucket = Array.from({ length: 1_024 }, (_, bucket) => {
  const endS = 2 ** ((bucket + 1) / 8) / 1e6;
  const found = bounds.findIndex((bound) => endS <= bound * (1 + 1e-9));
  return found < 0 ? bounds.length : found;
});

type Labels = Record<string, string>;
type Value = { readonly labels: Labels; value: number; seenMs: number };
type Durations = { readonly labels: Labels; readonly counts: number[]; count: number; sum: number };

/** Running totals of batches: what services' calls, log lines and hosts' metrics add up to since this process began. */
export class TelemetryTotals {
  readonly #now: () => number;
  readonly #calls = new Map<string, Value>();
  readonly #durations = new Map<string, Durations>();
  readonly #lines = new Map<string, Value>();
  readonly #dropped = new Map<string, Value>();
  readonly #known = new SampleFamilies(totalsLimits.gauges);
  readonly #user = new SampleFamilies(totalsLimits.user);

  /** @param now  milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Count a batch. What is no column of it is not looked at; it has been checked before. */
  add(owner: CountedOwner, batch: CountedBatch): void {
    const { service } = owner;
    this.#addCalls(service, batch);
    const levels = batch.logs?.level ?? [];
    for (const level of levels) {
      this.#count(this.#lines, { service, level: levelName(level) }, 1, totalsLimits.services);
    }
    if (batch.droppedRows > 0n)
      this.#count(this.#dropped, { service }, Number(batch.droppedRows), totalsLimits.services);
    this.#addSamples(owner, batch);
  }

  /** Everything so far. */
  families(): MetricFamily[] {
    const nowMs = this.#now();
    const counter = (name: string, help: string, values: Iterable<Value>): MetricFamily => ({
      ...{ name, help, type: "counter" },
      samples: [...values],
    });
    const durations: HistogramSample[] = [...this.#durations.values()].map(({ counts, ...rest }) => {
      let below = 0;
      return { ...rest, counts: counts.map((count) => (below += count)) };
    });
    return [
      counter("msec_calls", "Calls served and made, by result code of gRPC", this.#calls.values()),
      {
        ...{ name: "msec_call_duration_seconds", help: "Durations of calls", type: "histogram" },
        ...{ bounds, samples: durations },
      },
      counter("msec_log_lines", "Log lines", this.#lines.values()),
      counter("msec_dropped_rows", "Rows of telemetry that a process dropped for want of room", this.#dropped.values()),
      {
        ...{ name: "msec_untold_samples", help: "Samples of metrics that there was no room for here", type: "counter" },
        samples: [{ labels: {}, value: this.#known.untold + this.#user.untold }],
      },
      ...this.#known.families(nowMs, Number.POSITIVE_INFINITY),
      ...this.#user.families(nowMs, userCounterAgeMs),
    ];
  }

  #addCalls(service: string, { strings, calls }: CountedBatch): void {
    if (calls === undefined) return;
    let at = 0;
    for (let row = 0; row < calls.timeS.length; row++) {
      const method = strings[calls.methodRef[row] ?? 0] ?? "";
      const side = calls.side[row] === Side.client ? "client" : "server";
      const code = String(calls.code[row] ?? 0);
      this.#count(this.#calls, { service, method, side, code }, calls.count[row] ?? 0, totalsLimits.calls);
      const durations = this.#durationsOf({ service, method, side });
      const end = at + (calls.bucketLength[row] ?? 0);
      for (; at < end; at++) {
        const count = calls.bucketCount[at] ?? 0;
        const bound = boundOfBucket[calls.bucketIndex[at] ?? 0] ?? bounds.length;
        if (bound < bounds.length) durations.counts[bound]! += count;
        durations.count += count;
      }
      durations.sum += (calls.durationUsSum[row] ?? 0) / 1e6;
    }
  }

  #durationsOf(labels: Labels): Durations {
    const key = keyOf(labels);
    const found = this.#durations.get(key);
    if (found !== undefined) return found;
    if (this.#durations.size >= totalsLimits.histograms && labels.method !== OTHER) {
      return this.#durationsOf({ service: OTHER, method: OTHER, side: labels.side ?? "" });
    }
    const made = { labels, counts: bounds.map(() => 0), count: 0, sum: 0 };
    this.#durations.set(key, made);
    return made;
  }

  #addSamples({ host, service, instance }: CountedOwner, { strings, samples }: CountedBatch): void {
    if (samples === undefined) return;
    const place: Labels = {
      ...(host === "" ? {} : { host }),
      ...(service === "" ? {} : { service }),
      // Not `instance`: that is what Prometheus calls the place that it reads.
      ...(instance === "" ? {} : { service_instance: instance }),
    };
    for (let row = 0; row < samples.timeS.length; row++) {
      const name = strings[samples.nameRef[row] ?? 0] ?? "";
      const value = samples.value[row] ?? 0;
      const found = findMetric(name);
      if (found !== undefined) {
        const { entry, variable } = found;
        const own = promName(entry.name.replace(/\.\*\./, "."));
        // Prometheus counts time in seconds, and its checks say so.
        const isTime = entry.unit === MetricUnit.Milliseconds;
        const family = { name: `msec_${isTime ? own.replace(/_ms$/, "_seconds") : own}`, help: entry.english };
        const labels = variable === "" ? place : { ...place, of: variable };
        this.#known.add({ ...family, kind: entry.kind }, labels, isTime ? value / 1_000 : value, this.#now());
      } else if (name.startsWith(userFamily)) {
        const kind = samples.kind[row] === SampleKind.counter ? SampleKind.counter : SampleKind.gauge;
        // What stands behind the name in braces differs from series to series.
        const family = { name: `msec_${promName(name.replace(/\{.*$/s, ""))}`, help: "Reported by developers", kind };
        this.#user.add(family, { ...place, name }, value, this.#now());
      }
    }
  }

  #count(values: Map<string, Value>, labels: Labels, by: number, most: number): void {
    const known = values.get(keyOf(labels));
    if (known !== undefined) {
      known.value += by;
      return;
    }
    if (values.size < most) {
      values.set(keyOf(labels), { labels, value: by, seenMs: 0 });
      return;
    }
    const others = Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER]));
    const other = values.get(keyOf(others));
    if (other === undefined) values.set(keyOf(others), { labels: others, value: by, seenMs: 0 });
    else other.value += by;
  }
}

type SampleFamily = { readonly name: string; readonly help: string; readonly kind: number };

/** Metrics by their names, as many values as there is room for. */
class SampleFamilies {
  /** Samples that were not taken. */
  untold = 0;
  readonly #max: number;
  readonly #families = new Map<string, SampleFamily & { readonly values: Map<string, Value> }>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(wanted: SampleFamily, labels: Labels, value: number, nowMs: number): void {
    const known = this.#families.get(wanted.name);
    if (known !== undefined && known.kind !== wanted.kind) {
      // Prometheus has one type for a name: `usr.a b` may be a counter and `usr.a_b` a gauge.
      const suffix = wanted.kind === SampleKind.counter ? "counter" : "gauge";
      this.add({ ...wanted, name: `${wanted.name}_${suffix}` }, labels, value, nowMs);
      return;
    }
    const key = keyOf(labels);
    const found = known?.values.get(key);
    if (found !== undefined) {
      found.value = wanted.kind === SampleKind.counter ? found.value + value : value;
      found.seenMs = nowMs;
      return;
    }
    if (this.#count >= this.#max) {
      this.untold++;
      return;
    }
    const values = known?.values ?? new Map<string, Value>();
    if (known === undefined) this.#families.set(wanted.name, { ...wanted, values });
    values.set(key, { labels, value, seenMs: nowMs });
    this.#count++;
  }

  families(nowMs: number, counterAgeMs: number): MetricFamily[] {
    const all: MetricFamily[] = [];
    for (const [name, { kind, help, values }] of this.#families) {
      // What is not reported any more is not so any more.
      const oldestMs = nowMs - (kind === SampleKind.counter ? counterAgeMs : gaugeAgeMs);
      for (const [key, { seenMs }] of values) {
        if (seenMs < oldestMs && values.delete(key)) this.#count--;
      }
      if (values.size === 0) this.#families.delete(name);
      all.push({ name, help, type: kind === SampleKind.counter ? "counter" : "gauge", samples: [...values.values()] });
    }
    return all;
  }
}

/** A name as Prometheus takes it. */
function promName(name: string): string {
  return name.replace(/[^a-zA-Z0-9]/g, "_");
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels);
}
