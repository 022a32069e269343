import type { CallColumns } from "./batch.ts";
import type { Dictionary } from "./dictionary.ts";
import { BUCKET_COUNT, durationBucket } from "./duration-bucket.ts";
import { SlowBound } from "./slow-bound.ts";

/** Whose calls a cell counts. */
export type CellKey = {
  readonly side: number;
  readonly method: string;
  readonly peerService: string;
  readonly peerInstance: string;
  readonly code: number;
};

/** The calls of one second with one key: count, sum and histogram of their durations. */
export class CallCell {
  count = 0;
  second = 0;
  /** Of successful calls: from when on one is slow. */
  readonly slow = new SlowBound();
  readonly #key: CellKey;
  #durationUsSum = 0;
  #buckets = new Uint32Array(BUCKET_COUNT);
  // The range that was touched, so that writing a row does not look at all 256 buckets.
  #first = BUCKET_COUNT;
  #last = -1;

  constructor(key: CellKey) {
    this.#key = key;
  }

  /** Counts one call; `second` must be the cell's own when `count` is not 0. */
  add(durationUs: number, second: number): void {
    const bucket = durationBucket(durationUs);
    this.second = second;
    this.count++;
    this.#durationUsSum += durationUs;
    this.#buckets[bucket]!++;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  /** Appends the row of this cell's second and begins anew; nothing when it has no calls. */
  writeTo(rows: CallColumns, dictionary: Dictionary): void {
    if (this.count === 0) return;
    rows.timeS.push(this.second);
    this.slow.begin(this.second);
    rows.side.push(this.#key.side);
    rows.methodRef.push(dictionary.refOf(this.#key.method));
    rows.peerServiceRef.push(dictionary.refOf(this.#key.peerService));
    rows.peerInstanceRef.push(dictionary.refOf(this.#key.peerInstance));
    rows.code.push(this.#key.code);
    rows.count.push(this.count);
    rows.durationUsSum.push(this.#durationUsSum);
    let pairs = 0;
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const count = this.#buckets[bucket]!;
      if (count === 0) continue;
      rows.bucketIndex.push(bucket);
      rows.bucketCount.push(count);
      this.slow.add(bucket, count);
      this.#buckets[bucket] = 0;
      pairs++;
    }
    rows.bucketLength.push(pairs);
    this.count = 0;
    this.#durationUsSum = 0;
    this.#first = BUCKET_COUNT;
    this.#last = -1;
  }
}

/** Columns without rows. */
export function emptyCallColumns(): CallColumns {
  return {
    timeS: [],
    side: [],
    methodRef: [],
    peerServiceRef: [],
    peerInstanceRef: [],
    code: [],
    count: [],
    durationUsSum: [],
    bucketLength: [],
    bucketIndex: [],
    bucketCount: [],
  };
}
