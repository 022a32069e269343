import { Across, MetricSplit, Statistic } from "./metric-statistic.ts";
import type { MetricRow, MetricsQuery } from "./metrics.ts";
import type { RowReader } from "./row-reader.ts";

/** What one reporter has of one step. */
interface Point {
  sum: number;
  count: number;
  /** Of the statistic that is asked for. */
  value: number;
  /** When that was, seconds. */
  last: number;
}

interface Reporter extends MetricRow {
  readonly points: Map<number, Point>;
}

/** What rows of points hold beside host, time and kind, in this order: name, host, instance, time, kind, sum, count, value. */
export interface PointColumns {
  /** The name of all rows, which is then no column of them. */
  readonly name: string | undefined;
  /** As `name`. */
  readonly instance: string | undefined;
  /** Rows of one value, as it was reported, in the place of sum, count and the statistic's value. */
  readonly asReported: boolean;
  /** There is a column of the statistic's value beside sum and count. */
  readonly hasValue: boolean;
}

/**
 * Add points of one attribute and reporter up to the steps of a curve, and reporters to one curve where they are not split.
 *
 * @param reader rows of `columns`
 */
export function metricRowsFromRows(
  reader: RowReader,
  columns: PointColumns,
  query: MetricsQuery,
  stepS: number,
): MetricRow[] {
  const { statistic = Statistic.Mean } = query;
  const reporters = new Map<string, Reporter>();
  let reporter: Reporter | undefined;
  while (reader.hasMore) {
    const name = columns.name ?? reader.string();
    const host = reader.string();
    const instance = columns.instance ?? reader.string();
    const time = reader.uint32();
    const kind = reader.uint8();
    const sum = reader.float64();
    const count = columns.asReported ? 1 : reader.uint64();
    const value = columns.hasValue ? reader.float64() : sum;
    // Rows of a reporter follow each other, as they are stored.
    if (reporter === undefined || reporter.host !== host || reporter.name !== name || reporter.instance !== instance) {
      const key = `${name}\n${host}\n${instance}`;
      reporter = reporters.get(key);
      if (reporter === undefined) {
        reporter = { name, kind, host, instance, seconds: [], values: [], points: new Map() };
        reporters.set(key, reporter);
      }
    }
    const second = time - (time % stepS);
    const point = reporter.points.get(second);
    if (point === undefined) reporter.points.set(second, { sum, count, value, last: time });
    else add(point, { sum, count, value, last: time }, statistic);
  }
  for (const { points, kind, seconds, values } of reporters.values()) {
    for (const [second, point] of points) {
      seconds.push(second);
      values.push(statisticOf(point, kind, statistic));
    }
  }
  const { split = MetricSplit.None } = query;
  const rows = [...reporters.values()].map(({ points: _, ...row }) => row);
  return split === MetricSplit.Instance ? rows : joined(rows, split, query.across ?? (() => Across.Sum));
}

function add(point: Point, { sum, count, value, last }: Point, statistic: Statistic): void {
  point.sum += sum;
  point.count += count;
  if (statistic === Statistic.Min) point.value = Math.min(point.value, value);
  else if (statistic === Statistic.Max) point.value = Math.max(point.value, value);
  else if (last >= point.last) point.value = value;
  point.last = Math.max(point.last, last);
}

function statisticOf({ sum, count, value }: Point, kind: number, statistic: Statistic): number {
  if (kind === 1) return sum;
  return statistic === Statistic.Mean ? sum / count : value;
}

/** One curve for each attribute, or for each attribute and host. */
function joined(rows: readonly MetricRow[], split: MetricSplit, across: (name: string) => Across): MetricRow[] {
  const groups = Map.groupBy(rows, ({ name, host }) => `${name}\n${split === MetricSplit.Host ? host : ""}`);
  return [...groups.values()].map((group) => {
    const { name, kind, host } = group[0]!;
    const target = { name, kind, host: split === MetricSplit.Host ? host : "", instance: "" };
    if (group.length === 1) return { ...target, seconds: group[0]!.seconds, values: group[0]!.values };
    const values = new Map<number, number[]>();
    for (const row of group) {
      for (const [i, second] of row.seconds.entries()) {
        const known = values.get(second);
        if (known === undefined) values.set(second, [row.values[i]!]);
        else known.push(row.values[i]!);
      }
    }
    const how = kind === 1 ? Across.Sum : across(name);
    return { ...target, seconds: [...values.keys()], values: [...values.values()].map((all) => combined(all, how)) };
  });
}

function combined(values: readonly number[], how: Across): number {
  if (how === Across.Min) return Math.min(...values);
  if (how === Across.Max) return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return how === Across.Mean ? sum / values.length : sum;
}
