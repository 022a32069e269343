/** Which end of a call recorded it: `msec.telemetry.v1.Side`. */
export const Side = { server: 1, client: 2 } as const;
/** Which end of a call recorded it: `msec.telemetry.v1.Side`. */
export type Side = (typeof Side)[keyof typeof Side];

/** How samples of one name combine: `msec.telemetry.v1.SampleKind`. */
export const SampleKind = {
  /** Values of one interval add up. */
  counter: 1,
  /** The last value counts. */
  gauge: 2,
} as const;
/** How samples of one name combine: `msec.telemetry.v1.SampleKind`. */
export type SampleKind = (typeof SampleKind)[keyof typeof SampleKind];

/**
 * What one process recorded in one interval: the columns of `msec.telemetry.v1.Batch`, field for field, as plain arrays.
 *
 * Pass it to `create(BatchSchema, batch)` or to a compiled codec as it is. Columns named `*Ref` hold positions in
 * `strings`, whose position 0 is the empty string.
 *
 * @see packages/api/proto/msec/telemetry/v1/telemetry.proto for the unit and meaning of each column
 */
export type Batch = {
  strings: string[];
  spans: SpanColumns;
  calls: CallColumns;
  samples: SampleColumns;
  logs: LogColumns;
  /** Rows dropped since the last batch because a limit was reached. */
  droppedRows: bigint;
};

/** One row for each recorded call: `msec.telemetry.v1.Spans`. */
export type SpanColumns = {
  traceIds: Uint8Array<ArrayBuffer>;
  spanIds: Uint8Array<ArrayBuffer>;
  parentSpanIds: Uint8Array<ArrayBuffer>;
  startUs: number[];
  durationUs: number[];
  side: number[];
  methodRef: number[];
  peerServiceRef: number[];
  peerInstanceRef: number[];
  code: number[];
  messageRef: number[];
  requestBytes: number[];
  responseBytes: number[];
  deadlineMs: number[];
  queueUs: number[];
  /** These three are empty where all of their values are 0. */
  attempt: number[];
  attemptReason: number[];
  routeVersion: number[];
};

/** One row for each (second, side, method, peer, code) that had calls: `msec.telemetry.v1.Calls`. */
export type CallColumns = {
  timeS: number[];
  side: number[];
  methodRef: number[];
  peerServiceRef: number[];
  peerInstanceRef: number[];
  code: number[];
  count: number[];
  durationUsSum: number[];
  bucketLength: number[];
  bucketIndex: number[];
  bucketCount: number[];
};

/** One row for each (second, name) that was reported: `msec.telemetry.v1.Samples`. */
export type SampleColumns = { timeS: number[]; nameRef: number[]; kind: number[]; value: number[] };

/** One row for each log line: `msec.telemetry.v1.Logs`. */
export type LogColumns = {
  timeUs: number[];
  traceIds: Uint8Array<ArrayBuffer>;
  spanIds: Uint8Array<ArrayBuffer>;
  level: number[];
  methodRef: number[];
  text: string[];
  fieldLength: number[];
  fieldNameRef: number[];
  fieldValue: string[];
  callerRef: number[];
  peerRef: number[];
  sourceRef: number[];
  functionRef: number[];
  dyed: number[];
};
