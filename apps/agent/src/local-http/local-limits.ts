/** What one client, and all together, may take of the local API; docs/reference/local-api.md repeats it, and a test compares the two. */
export const localLimits = {
  /** Bytes of a request's body. */
  bodyBytes: 256 * 1024,
  /** Bytes of all headers of a request. */
  headerBytes: 8 * 1024,
  /** Headers of a request. */
  headers: 50,
  /** Connections of each socket; further ones are closed on arrival. */
  connections: 256,
  /** Requests a second of one connection, and twice as many at once. */
  requestsPerConnection: 2_000,
  /** Requests a second of all together, and twice as many at once. */
  requests: 5_000,
  /** Milliseconds until a request must be complete. */
  requestMs: 10_000,
  /** Samples of one report. */
  samples: 100,
  /** Lines of one log request. */
  lines: 100,
  /** UTF-16 units of a log line's text. */
  lineText: 8_192,
  /** Fields of a log line. */
  lineFields: 32,
  /** UTF-16 units of a field's name. */
  fieldName: 64,
  /** UTF-16 units of a field's text. */
  fieldText: 1_024,
  /** UTF-16 units of a method's name. */
  methodName: 200,
  /** UTF-16 units of a key for consistent hashing. */
  hashKey: 256,
  /** Services that report at the same time; one that has been silent for ten minutes makes room. */
  reporters: 64,
  /** Services whose routes are asked for; the one that was not for longest makes room. */
  routedServices: 1_000,
  /** Routes lent; beyond it the oldest counts as given back. */
  loans: 10_000,
  /** Milliseconds until a route of which nothing was said counts as a call that has ended. */
  loanMs: 60_000,
  /** Milliseconds after its last use until a handle is forgotten. */
  handleMs: 600_000,
  /** Largest cost of a call, milliseconds. */
  costMs: 86_400_000,
} as const;
