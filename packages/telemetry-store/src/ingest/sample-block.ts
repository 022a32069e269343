import { InvalidBatch } from "../store-error.ts";
import { blockHead, grown, Keys, numberColumn } from "./native-column.ts";
import { type RolledSamples, rolledInOrder, rollUp } from "./sample-roll-up.ts";

/** Rows of one insert; an engine reads it as one block. */
const partRows = 500_000;

/** Rows of one ingest: 17 bytes each here, and as many again while they are written. */
const rowsMax = 8_000_000;

/** Who reports what, as positions in a block's dictionaries. */
interface Series {
  readonly name: number;
  readonly service: number;
  readonly host: number;
  readonly instance: number;
}

/** Who reports. */
export interface SampleOwner {
  readonly service: number;
  readonly host: number;
  readonly instance: number;
  /** The series that it has so far, by the position of their name. */
  readonly series: Map<number, number>;
}

/** Rows of one table in the order of its sort key. */
export interface SortedSamples {
  /** The series of each row. */
  readonly series: Uint32Array;
  readonly times: Uint32Array;
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
}

/**
 * Samples on their way into the store, in ClickHouse's columnar format `Native`, and what of minutes and hours they make.
 *
 * A sample is four names and three numbers. The names are looked up once for each series of a batch; a row is a number of its series. So
 * sorting is counting, and rows that are added up lie side by side: what the engine would do with four strings a row for each of
 * three tables costs a twentieth here.
 */
export class SampleBlock {
  readonly #keys = { name: new Keys(), service: new Keys(), host: new Keys(), instance: new Keys() };
  readonly #owners = new Map<string, SampleOwner>();
  readonly #series: Series[] = [];
  #ofSeries: Uint32Array;
  #times: Uint32Array;
  #kinds: Uint8Array;
  #values: Float64Array;
  #rows = 0;

  /** @param room  rows to begin with */
  constructor(room = 0) {
    const rows = Math.min(rowsMax, room);
    this.#ofSeries = new Uint32Array(rows);
    this.#times = new Uint32Array(rows);
    this.#kinds = new Uint8Array(rows);
    this.#values = new Float64Array(rows);
  }

  /** Rows written. */
  get rows(): number {
    return this.#rows;
  }

  /** @returns what forgets everything written from now on */
  mark(): () => void {
    const rows = this.#rows;
    return () => {
      this.#rows = rows;
    };
  }

  /** Who reports, for `series`. */
  owner(service: string, host: string, instance: string): SampleOwner {
    const key = JSON.stringify([service, host, instance]);
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    const owner = {
      service: this.#keys.service.positionOf(service),
      host: this.#keys.host.positionOf(host),
      instance: this.#keys.instance.positionOf(instance),
      series: new Map<number, number>(),
    };
    this.#owners.set(key, owner);
    return owner;
  }

  /** The number of an owner's metric, for `add`. */
  series(owner: SampleOwner, name: string): number {
    const position = this.#keys.name.positionOf(name);
    const known = owner.series.get(position);
    if (known !== undefined) return known;
    const { service, host, instance } = owner;
    const series = this.#series.push({ name: position, service, host, instance }) - 1;
    owner.series.set(position, series);
    return series;
  }

  /**
   * Append a sample.
   *
   * @param timeS  whole seconds since 1970 UTC
   * @throws InvalidBatch when there are more than fit into memory
   */
  add(timeS: number, series: number, kind: number, value: number): void {
    const row = this.#rows;
    if (row === this.#times.length) this.#grow();
    this.#times[row] = timeS;
    this.#ofSeries[row] = series;
    this.#kinds[row] = kind;
    this.#values[row] = value;
    this.#rows = row + 1;
  }

  /**
   * The rows of each table in blocks, each at most half a million; no block where there are none. The hours come first: they alone have the names, so whoever
   * finds a sample finds what it is of.
   */
  inserts(): { table: "sample_hour" | "series_minute" | "series_sample"; parts: Buffer[] }[] {
    if (this.#rows === 0) return [];
    const sorted = this.#sorted(this.#order(["name", "service", "instance", "host"], (keys) => keys.ids));
    const byNames = this.#order(["service", "name", "host", "instance"], (keys) => keys.keys);
    const hours = rolledInOrder(rollUp(sorted, 3_600), byNames);
    return [
      { table: "sample_hour", parts: this.#rolledParts(hours, (series) => this.#nameColumns(series)) },
      { table: "series_minute", parts: this.#rolledParts(rollUp(sorted, 60), (series) => this.#idColumns(series)) },
      { table: "series_sample", parts: this.#sampleParts(sorted) },
    ];
  }

  #sampleParts({ series, times, kinds, values }: SortedSamples): Buffer[] {
    return slices(times.length).map(([from, to]) =>
      Buffer.concat([
        blockHead(7, to - from),
        ...numberColumn("time", "DateTime('UTC')", times.subarray(from, to)),
        ...this.#idColumns(series.subarray(from, to)),
        ...numberColumn("kind", "UInt8", kinds.subarray(from, to)),
        ...numberColumn("value", "Float64", values.subarray(from, to)),
      ]),
    );
  }

  #rolledParts(
    { series, times, kinds, counts, sums, mins, maxs, lasts }: RolledSamples,
    whose: (series: Uint32Array) => Uint8Array[],
  ): Buffer[] {
    return slices(times.length).map(([from, to]) =>
      Buffer.concat([
        blockHead(11, to - from),
        ...numberColumn("time", "DateTime('UTC')", times.subarray(from, to)),
        ...whose(series.subarray(from, to)),
        ...numberColumn("kind", "UInt8", kinds.subarray(from, to)),
        ...numberColumn("count", "UInt32", counts.subarray(from, to)),
        ...numberColumn("sum", "Float64", sums.subarray(from, to)),
        ...numberColumn("min", "Float64", mins.subarray(from, to)),
        ...numberColumn("max", "Float64", maxs.subarray(from, to)),
        ...numberColumn("last", "Float64", lasts.subarray(from, to)),
      ]),
    );
  }

  #nameColumns(series: Uint32Array): Uint8Array[] {
    return Object.entries(this.#keys).flatMap(([key, keys]) =>
      keys.column(key, this.#positions(key as keyof Series, series)),
    );
  }

  #idColumns(series: Uint32Array): Uint8Array[] {
    return Object.entries(this.#keys).flatMap(([key, keys]) =>
      keys.idColumn(`${key}_id`, this.#positions(key as keyof Series, series)),
    );
  }

  /** The position of a key of each row, by the row's series. */
  #positions(key: keyof Series, rows: Uint32Array): Uint32Array {
    const ofSeries = Uint32Array.from(this.#series, (series) => series[key]);
    const found = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) found[i] = ofSeries[rows[i]!]!;
    return found;
  }

  /**
   * All series in the order of a table's sort key.
   *
   * @param valuesOf  by which keys are compared, by position
   */
  #order(sortKey: readonly (keyof Series)[], valuesOf: (keys: Keys) => readonly (string | bigint)[]): Uint32Array {
    // Each key's place among all of its kind is found once: most are of many series, and numbers are compared quicker.
    const columns = sortKey.map((key) => {
      const ranks = ranksOf(valuesOf(this.#keys[key]));
      return Uint32Array.from(this.#series, (series) => ranks[series[key]]!);
    });
    return Uint32Array.from(this.#series.keys()).sort((a, b) => {
      for (const ranks of columns) if (ranks[a] !== ranks[b]) return ranks[a]! - ranks[b]!;
      return 0;
    });
  }

  /** All rows by series, and within one by time. @param order  of the series */
  #sorted(order: Uint32Array): SortedSamples {
    const rows = this.#rows;
    const next = new Uint32Array(order.length);
    for (let row = 0; row < rows; row++) next[this.#ofSeries[row]!]!++;
    let begin = 0;
    for (const series of order) {
      const count = next[series]!;
      next[series] = begin;
      begin += count;
    }
    const places = new Uint32Array(rows);
    let isSorted = true;
    const lastTime = new Uint32Array(order.length);
    for (let row = 0; row < rows; row++) {
      const series = this.#ofSeries[row]!;
      places[next[series]!++] = row;
      if (this.#times[row]! < lastTime[series]!) isSorted = false;
      lastTime[series] = this.#times[row]!;
    }
    // A process reports in the order of time; several batches of it may come in another.
    if (!isSorted) this.#sortByTime(places);
    const sorted = {
      series: new Uint32Array(rows),
      times: new Uint32Array(rows),
      kinds: new Uint8Array(rows),
      values: new Float64Array(rows),
    };
    // Loops: `map` and `from` call a function for each of four million numbers.
    for (let i = 0; i < rows; i++) {
      const row = places[i]!;
      sorted.series[i] = this.#ofSeries[row]!;
      sorted.times[i] = this.#times[row]!;
      sorted.kinds[i] = this.#kinds[row]!;
      sorted.values[i] = this.#values[row]!;
    }
    return sorted;
  }

  #sortByTime(places: Uint32Array): void {
    for (let from = 0, to = 0; from < places.length; from = to) {
      const series = this.#ofSeries[places[from]!]!;
      while (to < places.length && this.#ofSeries[places[to]!] === series) to++;
      places.subarray(from, to).sort((a, b) => this.#times[a]! - this.#times[b]! || a - b);
    }
  }

  #grow(): void {
    const rows = Math.max(1_024, this.#times.length * 2);
    if (rows > rowsMax) throw new InvalidBatch(`more than ${rowsMax / 2} samples at once`);
    this.#ofSeries = grown(new Uint32Array(rows), this.#ofSeries);
    this.#times = grown(new Uint32Array(rows), this.#times);
    this.#kinds = grown(new Uint8Array(rows), this.#kinds);
    this.#values = grown(new Float64Array(rows), this.#values);
  }
}

/** Ranges of at most `partRows`. */
function slices(rows: number): [from: number, to: number][] {
  return Array.from({ length: Math.ceil(rows / partRows) }, (_, i) => [
    i * partRows,
    Math.min(rows, (i + 1) * partRows),
  ]);
}

/** The place of each value among all. */
function ranksOf(values: readonly (string | bigint)[]): Uint32Array {
  const order = [...values.keys()].sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0));
  const ranks = new Uint32Array(values.length);
  for (const [rank, position] of order.entries()) ranks[position] = rank;
  return ranks;
}
