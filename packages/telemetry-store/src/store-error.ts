/** What went wrong with a telemetry store; callers choose by `reason`, never by the message. */
export const StoreErrorReason = {
  /** Nobody answers, or not in time. What was asked may be repeated: inserts carry a token. */
  Unavailable: "unavailable",
  /** It answers, but has no room at the moment: too many statements, or no memory left. May be repeated later. */
  Overloaded: "overloaded",
  /** Its disk is full: it answers questions, and takes nothing until there is room. May be repeated later. */
  Full: "full",
  /** A batch that cannot be one; repeating it is useless. */
  InvalidBatch: "invalid-batch",
  /** A question that cannot be answered as it stands: a range, a step or an id out of its limits. */
  InvalidQuery: "invalid-query",
  /** The store failed at a statement of ours. */
  Failed: "failed",
} as const;
export type StoreErrorReason = (typeof StoreErrorReason)[keyof typeof StoreErrorReason];

/** Every error that a telemetry store throws. */
export class TelemetryStoreError extends Error {
  override readonly name: string = "TelemetryStoreError";
  readonly reason: StoreErrorReason;

  constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Nobody answers, or not in time: the store's process is dead, starting, or stuck. */
export class StoreUnavailable extends TelemetryStoreError {
  override readonly name = "StoreUnavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(StoreErrorReason.Unavailable, message, options);
  }
}

/** A batch whose columns or dictionary positions do not fit together. */
export class InvalidBatch extends TelemetryStoreError {
  override readonly name = "InvalidBatch";

  constructor(message: string) {
    super(StoreErrorReason.InvalidBatch, message);
  }
}

/** A question out of its limits. */
export class InvalidQuery extends TelemetryStoreError {
  override readonly name = "InvalidQuery";

  constructor(message: string) {
    super(StoreErrorReason.InvalidQuery, message);
  }
}
