/** What one program, and all of a door together, may report over OTLP; docs/reference/limits.md repeats it. */
export const otlpLimits = {
  /** Bytes of a request, after decompression. */
  requestBytes: 4 * 1024 * 1024,
  /** Requests a second of a door, and twice as many at once. */
  requests: 500,
  /** Bytes a second of a door after decompression, and four times as many at once. */
  bytesPerSecond: 8 * 1024 * 1024,
  /** Connections of a door. */
  connections: 512,
  /** Milliseconds until a request must be complete. */
  requestMs: 10_000,
  /** Spans a second of a door up to which each one is kept, where no agent divides the rate of its host. */
  spansPerSecond: 5_000,
  /** Requests that are remembered, so that one that comes again is not taken twice. */
  knownRequests: 20_000,
  /** Traces that are remembered as dyed. */
  dyedTraces: 10_000,
  /** Different names of metrics, attributes included, of one instance. */
  series: 1_000,
  /** Different methods of one instance that are counted by name. */
  methods: 1_000,
  /** Services told apart among those heard within `heardMs`; further ones are kept as one. */
  services: 1_000,
  /** The same of instances; further ones are kept as the instance `(other)` of their service. */
  instances: 5_000,
  /** Milliseconds after which a service or instance that is silent makes room. */
  heardMs: 3_600_000,
  /** Names of metrics of all instances together, and as many of methods, until silent instances make room. */
  allNames: 200_000,
  /** Cumulative points remembered; the one that was not reported for longest makes room. */
  cumulativePoints: 50_000,
  /** The same of exponential histograms, whose buckets are remembered. */
  cumulativeHistograms: 5_000,
  /** Buckets of one histogram point. */
  buckets: 1_000,
  /** Spans, lines and points of a request together. */
  rows: 50_000,
  /** UTF-16 units of a method's name, a peer's name or address. */
  nameUnits: 200,
  /** UTF-16 units of a log line's text. */
  textUnits: 8_192,
  /** Fields of a log line. */
  fields: 32,
  /** UTF-16 units of a field's name. */
  fieldNameUnits: 64,
  /** UTF-16 units of a field's text, and of a failed span's message. */
  fieldUnits: 1_024,
  /** Milliseconds that a time may be in the past. */
  pastMs: 7 * 86_400_000,
  /** Milliseconds that a time may be ahead. */
  aheadMs: 3_600_000,
} as const;
