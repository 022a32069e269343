/** What a recorder keeps at most between two drains; what goes beyond is dropped and counted in `droppedRows`. */
export type RecorderLimits = {
  /**
   * Calls a second up to which each one becomes a span. Above, a sample by trace id, the same traces in every process, plus every failed call and every slow one (above p99 of the minute before);
   * counts and histograms stay exact.
   */
  readonly spansPerSecond: number;
  /** Spans in one interval, failed calls included. */
  readonly spans: number;
  readonly logs: number;
  /** Different metric names of the user, counters and gauges together, for the life of the process. */
  readonly metricNames: number;
  /** Different (side, method, peer) of calls; further peers are counted together under an empty peer instance. */
  readonly edges: number;
  /** UTF-8 bytes of spans, logs and strings in one interval; a batch may be 1 MiB, and calls and samples need room too. */
  readonly bytes: number;
  readonly logTextUnits: number;
  readonly logFields: number;
  readonly logFieldUnits: number;
  /** UTF-16 units of an error's message kept on a span. */
  readonly messageUnits: number;
};

/** The limits unless others are given; the reason for each stands beside it. */
export const DEFAULT_LIMITS: RecorderLimits = {
  // What one host keeps by default (docs: telemetry), and 90 KB/s on the wire.
  spansPerSecond: 1_000,
  // The second in which a sudden rise is noticed: 1,000 and at most 500 for each doubling after.
  spans: 6_000,
  logs: 10_000,
  // The original kept 4,096 attributes a machine; more than 1,000 of one process is a value in a name.
  metricNames: 1_000,
  // 1,000 peers × ~100 bytes a second; the largest callee that issue 4 asks for has 1,000 instances.
  edges: 1_000,
  bytes: 640 * 1024,
  logTextUnits: 8_192,
  logFields: 32,
  logFieldUnits: 1_024,
  messageUnits: 512,
};
