import type { CallColumns, CallRow, CallsQuery } from "./calls.ts";
import type { RowReader } from "./row-reader.ts";

/** Buckets of a histogram, see `batch.ts`. */
const bucketsMax = 1_024;

/** What tells curves of one answer apart. */
interface Curve {
  readonly service: string;
  readonly method: string;
  readonly instance: string;
  readonly caller: string;
  readonly callerInstance: string;
  /** The cell of each second that has calls. */
  readonly cells: Map<number, Cell>;
}

/** One point of one curve. */
interface Cell {
  calls: number;
  failures: number;
  durationUs: number;
  /** Where the histograms begin of the rows that belong to it: most have one. */
  histograms: number[];
}

/** The columns that `curvesFromRows` reads, in order; what is not asked for is not read. */
export function rowColumns(query: CallsQuery, ofMethods: boolean): string {
  const { byMethod, byInstance, byCaller, byCallerInstance } = query;
  return [
    "toUnixTimestamp(time)",
    "callee",
    ...(byMethod ? ["method"] : []),
    ...(byInstance ? ["callee_instance"] : []),
    ...(byCaller ? ["caller"] : []),
    ...(byCallerInstance ? ["caller_instance"] : []),
    "count",
    ofMethods ? "failures" : "if(code = 0, 0, count)",
    "duration_us_sum",
    "histogram.1",
    "CAST(histogram.2, 'Array(UInt32)')",
  ].join(", ");
}

/**
 * Add rows of minutes up to curves, with the quantiles of each point. The engine takes 12 µs to merge the histogram of a row; here it is one.
 *
 * @returns curves with the most calls first
 */
export function curvesFromRows(reader: RowReader, query: CallsQuery): CallRow[] {
  const { stepS, byMethod, byInstance, byCaller, byCallerInstance } = query;
  const curves = new Map<string, Curve>();
  while (reader.hasMore) {
    const time = reader.uint32();
    const service = reader.string();
    const method = byMethod ? reader.string() : "";
    const instance = byInstance ? reader.string() : "";
    const caller = byCaller ? reader.string() : "";
    const callerInstance = byCallerInstance ? reader.string() : "";
    const key = `${service}\n${method}\n${instance}\n${caller}\n${callerInstance}`;
    let curve = curves.get(key);
    if (curve === undefined) {
      curve = { service, method, instance, caller, callerInstance, cells: new Map() };
      curves.set(key, curve);
    }
    const second = time - (time % stepS);
    let cell = curve.cells.get(second);
    if (cell === undefined) {
      cell = { calls: 0, failures: 0, durationUs: 0, histograms: [] };
      curve.cells.set(second, cell);
    }
    cell.calls += reader.uint64();
    cell.failures += reader.uint64();
    cell.durationUs += reader.float64();
    cell.histograms.push(reader.position);
    reader.skip(reader.varint() * 2);
    reader.skip(reader.varint() * 4);
  }
  const quantiles = new Quantiles(reader);
  const callsOf = ({ cells }: Curve) => [...cells.values()].reduce((sum, { calls }) => sum + calls, 0);
  return [...curves.values()]
    .map((curve) => ({ curve, calls: callsOf(curve) }))
    .sort((a, b) => b.calls - a.calls)
    .map(({ curve }) => rowFromCurve(curve, quantiles));
}

function rowFromCurve({ cells, ...names }: Curve, quantiles: Quantiles): CallRow {
  const row: CallRow = {
    ...names,
    ...({ calls: [], failures: [], meanMs: [], p50Ms: [], p90Ms: [], p99Ms: [], p999Ms: [] } satisfies CallColumns),
    seconds: [],
  };
  for (const [second, { calls, failures, durationUs, histograms }] of cells) {
    row.seconds.push(second);
    row.calls.push(calls);
    row.failures.push(failures);
    row.meanMs.push(durationUs / Math.max(calls, 1) / 1_000);
    quantiles.add(histograms);
    row.p50Ms.push(quantiles.ms(0.5));
    row.p90Ms.push(quantiles.ms(0.9));
    row.p99Ms.push(quantiles.ms(0.99));
    row.p999Ms.push(quantiles.ms(0.999));
    quantiles.clear();
  }
  return row;
}

/** Histograms added up: one set of buckets for all cells, of which each clears what it used. */
class Quantiles {
  readonly #reader: RowReader;
  readonly #counts = new Float64Array(bucketsMax);
  #first = bucketsMax;
  #last = -1;
  #total = 0;

  constructor(reader: RowReader) {
    this.#reader = reader;
  }

  /** @param histograms  positions in the rows */
  add(histograms: readonly number[]): void {
    const reader = this.#reader;
    const { view } = reader;
    const counts = this.#counts;
    for (const position of histograms) {
      reader.position = position;
      const length = reader.varint();
      let indexAt = reader.position;
      reader.position += length * 2;
      reader.varint();
      let countAt = reader.position;
      for (let i = 0; i < length; i++, indexAt += 2, countAt += 4) {
        const bucket = Math.min(view.getUint16(indexAt, true), bucketsMax - 1);
        const count = view.getUint32(countAt, true);
        counts[bucket]! += count;
        this.#total += count;
        if (bucket < this.#first) this.#first = bucket;
        if (bucket > this.#last) this.#last = bucket;
      }
    }
  }

  /** Milliseconds: the bucket in which the call of this rank lies, and within it the place in proportion to the calls in it. */
  ms(quantile: number): number {
    const rank = quantile * this.#total;
    let running = 0;
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const count = this.#counts[bucket]!;
      running += count;
      if (count > 0 && running >= rank) return 2 ** ((bucket + (rank - (running - count)) / count) / 8) / 1_000;
    }
    return 0;
  }

  clear(): void {
    if (this.#last >= 0) this.#counts.fill(0, this.#first, this.#last + 1);
    this.#first = bucketsMax;
    this.#last = -1;
    this.#total = 0;
  }
}
