import { grown } from "../ingest/native-column.ts";
import { Across, MetricSplit, Statistic } from "./metric-statistic.ts";
import type { MetricRow, MetricsQuery } from "./metrics.ts";
import { type NativeBlock, type NumberColumn, readNative } from "./native-reader.ts";
import { Steps } from "./steps.ts";

/** What rows of points hold beside `time` and `kind`. */
export interface PointColumns {
  /** Whether they have names, or numbers that stand for them (`name_id`, `host_id`, `instance_id`), which are then the keys of the curves. */
  readonly byName: boolean;
  /** Whether `reporter_id` is in the place of both `host_id` and `instance_id`: nobody asks whose the points are, only that they are not another's. */
  readonly together: boolean;
  /** The key of all rows, which is then no column of them. */
  readonly name: string | undefined;
  /** As `name`. */
  readonly instance: string | undefined;
  /** Rows of one `value`, as it was reported, in the place of `sum` and `count` and the statistic. */
  readonly asReported: boolean;
  /** The column of the statistic beside `sum` and `count`: `min`, `max` or `last`; absent where they say it all. */
  readonly statistic: Exclude<Statistic, typeof Statistic.Mean> | undefined;
}

/** Points that follow each other. */
interface Points {
  readonly times: NumberColumn;
  readonly sums: NumberColumn;
  /** Absent where each is one. */
  readonly counts: NumberColumn | undefined;
  /** Of the statistic that is asked for; absent for the mean, which sums and counts say. */
  readonly values: NumberColumn | undefined;
}

/** One reporter's points of one attribute. */
class Reporter {
  readonly name: string;
  readonly host: string;
  readonly instance: string;
  readonly kind: number;
  readonly #statistic: Statistic;
  readonly #steps = new Steps();
  #sums = new Float64Array(0);
  #counts = new Uint32Array(0);
  /** Of the statistic that is asked for, unless that is the mean. */
  #values = new Float64Array(0);
  /** When that was, seconds. */
  #lasts = new Uint32Array(0);

  constructor(name: string, host: string, instance: string, kind: number, statistic: Statistic) {
    this.name = name;
    this.host = host;
    this.instance = instance;
    this.kind = kind;
    this.#statistic = statistic;
  }

  /** Add the rows `from`…`to`, each what there is of a minute, or one value, to their steps. */
  add({ times, sums: ownSums, counts: ownCounts, values }: Points, from: number, to: number, stepS: number): void {
    this.#reserve(to - from, values !== undefined);
    const steps = this.#steps;
    const sums = this.#sums;
    const counts = this.#counts;
    let place = steps.count - 1;
    for (let row = from; row < to; row++) {
      const time = times.at(row);
      const before = steps.count;
      place = steps.placeOf(time - (time % stepS), place);
      // Places that are new hold zeros.
      sums[place]! += ownSums.at(row);
      counts[place]! += ownCounts === undefined ? 1 : ownCounts.at(row);
      if (values !== undefined) this.#addValue(place, place === before, time, values.at(row));
    }
  }

  #addValue(place: number, isNew: boolean, time: number, value: number): void {
    const known = this.#values[place]!;
    if (isNew) this.#values[place] = value;
    else if (this.#statistic === Statistic.Min) this.#values[place] = Math.min(known, value);
    else if (this.#statistic === Statistic.Max) this.#values[place] = Math.max(known, value);
    else if (time >= this.#lasts[place]!) this.#values[place] = value;
    this.#lasts[place] = Math.max(this.#lasts[place]!, time);
  }

  row(): MetricRow {
    const { name, host, instance, kind } = this;
    const { count, seconds } = this.#steps;
    const isMean = this.#statistic === Statistic.Mean;
    const values = (kind === 1 || isMean ? this.#sums : this.#values).subarray(0, count);
    if (kind !== 1 && isMean) for (let place = 0; place < count; place++) values[place]! /= this.#counts[place]!;
    return { name, kind, host, instance, seconds, values };
  }

  #reserve(rows: number, hasValues: boolean): void {
    const room = this.#steps.reserve(rows);
    if (room === this.#sums.length) return;
    this.#sums = grown(new Float64Array(room), this.#sums);
    this.#counts = grown(new Uint32Array(room), this.#counts);
    if (!hasValues) return;
    this.#values = grown(new Float64Array(room), this.#values);
    this.#lasts = grown(new Uint32Array(room), this.#lasts);
  }
}

/**
 * Add points of attributes up to the steps of curves, and reporters to one curve where they are not split.
 *
 * @param bytes rows of `columns` in Native
 */
export function metricRowsFromBlocks(
  bytes: Buffer,
  columns: PointColumns,
  query: MetricsQuery,
  stepS: number,
): MetricRow[] {
  const { statistic = Statistic.Mean, split = MetricSplit.None } = query;
  const reporters = new Map<string, Reporter>();
  for (const block of readNative(bytes)) addBlock(reporters, block, columns, statistic, stepS);
  const rows = [...reporters.values()].map((reporter) => reporter.row());
  return split === MetricSplit.Instance ? rows : joined(rows, split, query.across ?? (() => Across.Sum));
}

function addBlock(
  reporters: Map<string, Reporter>,
  { rows, keys, numbers }: NativeBlock,
  columns: PointColumns,
  statistic: Statistic,
  stepS: number,
): void {
  const column = (key: string) => keys.get(columns.byName ? key : `${key}_id`);
  const names = column("name");
  const hosts = columns.together ? keys.get("reporter_id") : column("host");
  const instances = column("instance");
  const sums = numbers.get(columns.asReported ? "value" : "sum")!;
  const points: Points = {
    times: numbers.get("time")!,
    sums,
    counts: numbers.get("count"),
    values:
      statistic === Statistic.Mean
        ? undefined
        : columns.statistic === undefined
          ? sums
          : numbers.get(columns.statistic)!,
  };
  const kinds = numbers.get("kind")!;
  // Rows of a reporter follow each other, as they are stored.
  for (let from = 0, to = 0; from < rows; from = to) {
    to = rows;
    for (const keyColumn of [instances, hosts, names]) to = keyColumn?.endOfRun(from, to) ?? to;
    const name = columns.name ?? names?.keyAt(from) ?? "";
    const host = hosts?.keyAt(from) ?? "";
    const instance = columns.instance ?? instances?.keyAt(from) ?? "";
    const key = `${name}\n${host}\n${instance}`;
    const reporter = reporters.get(key) ?? new Reporter(name, host, instance, kinds.at(from), statistic);
    reporters.set(key, reporter);
    reporter.add(points, from, to, stepS);
  }
}

/** One curve for each attribute, or for each attribute and host. */
function joined(rows: readonly MetricRow[], split: MetricSplit, across: (name: string) => Across): MetricRow[] {
  const groups = Map.groupBy(rows, ({ name, host }) => `${name}\n${split === MetricSplit.Host ? host : ""}`);
  return [...groups.values()].map((group) => {
    const { name, kind, host } = group[0]!;
    const target = { name, kind, host: split === MetricSplit.Host ? host : "", instance: "" };
    if (group.length === 1) return { ...target, seconds: group[0]!.seconds, values: group[0]!.values };
    return { ...target, ...combined(group, kind === 1 ? Across.Sum : across(name)) };
  });
}

function combined(group: readonly MetricRow[], how: Across): Pick<MetricRow, "seconds" | "values"> {
  const steps = new Steps();
  let values = new Float64Array(0);
  let counts = new Uint32Array(0);
  for (const { seconds, values: own } of group) {
    const room = steps.reserve(seconds.length);
    if (room > values.length) {
      values = grown(new Float64Array(room), values);
      counts = grown(new Uint32Array(room), counts);
    }
    for (let i = 0; i < seconds.length; i++) {
      const before = steps.count;
      const place = steps.placeOf(seconds[i]!, i);
      const value = own[i]!;
      counts[place]!++;
      if (place === before) values[place] = value;
      else if (how === Across.Min) values[place] = Math.min(values[place]!, value);
      else if (how === Across.Max) values[place] = Math.max(values[place]!, value);
      else values[place]! += value;
    }
  }
  const found = values.subarray(0, steps.count);
  if (how === Across.Mean) for (let place = 0; place < found.length; place++) found[place]! /= counts[place]!;
  return { seconds: steps.seconds, values: found };
}
