/**
 * What one process recorded in one interval, in columns: row i of a table is element i of each of its columns.
 *
 * Exactly the shape of `msec.telemetry.v1.Batch` (packages/api/proto/msec/telemetry/v1/telemetry.proto says what each
 * column means), so that a decoded message can be handed over as it is; this package itself knows no protobuf.
 */
export interface TelemetryBatch {
  /** The dictionary; columns named `…Ref` hold positions in it. Position 0 is the empty string. */
  readonly strings: readonly string[];
  readonly spans?: SpanColumns | undefined;
  readonly calls?: CallColumns | undefined;
  readonly samples?: SampleColumns | undefined;
  readonly logs?: LogColumns | undefined;
  /** Rows that the process had to drop before it sent this. */
  readonly droppedRows?: bigint | undefined;
}

/** One row for each call made and each call served. */
export interface SpanColumns {
  /** 16 bytes a row. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row; zeros where the request began. */
  readonly parentSpanIds: Uint8Array;
  /** Microseconds since 1970 UTC. */
  readonly startUs: readonly number[];
  readonly durationUs: readonly number[];
  /** 1 server, 2 client. */
  readonly side: readonly number[];
  readonly methodRef: readonly number[];
  readonly peerServiceRef: readonly number[];
  readonly peerInstanceRef: readonly number[];
  /** gRPC status code. */
  readonly code: readonly number[];
  readonly messageRef: readonly number[];
  readonly requestBytes: readonly number[];
  readonly responseBytes: readonly number[];
  readonly deadlineMs: readonly number[];
  readonly queueUs: readonly number[];
  // The rest is empty, or has a value for each row.
  /** 0 for the first attempt of a call, n for the n-th one after it. */
  readonly attempt?: readonly number[] | undefined;
  /** Why there was another attempt: 0 first, 1 moved, 2 retry, 3 hedge. */
  readonly attemptReason?: readonly number[] | undefined;
  /** Version of the called service's route table, 0 where the call went by none. */
  readonly routeVersion?: readonly number[] | undefined;
}

/** One row for each (second, side, method, peer, code) that had calls. */
export interface CallColumns {
  /** Seconds since 1970 UTC. */
  readonly timeS: readonly number[];
  /** 1 server, 2 client. */
  readonly side: readonly number[];
  readonly methodRef: readonly number[];
  readonly peerServiceRef: readonly number[];
  readonly peerInstanceRef: readonly number[];
  /** gRPC status code. */
  readonly code: readonly number[];
  readonly count: readonly number[];
  /** Sum of durations in microseconds. */
  readonly durationUsSum: readonly number[];
  /** How many of the pairs (bucketIndex, bucketCount) belong to each row. */
  readonly bucketLength: readonly number[];
  /** Bucket of base 2^(1/8) microseconds, 0…1023. */
  readonly bucketIndex: readonly number[];
  readonly bucketCount: readonly number[];
}

/** One row for each (second, name) reported. */
export interface SampleColumns {
  /** Seconds since 1970 UTC. */
  readonly timeS: readonly number[];
  readonly nameRef: readonly number[];
  /** 1 counter, 2 gauge. */
  readonly kind: readonly number[];
  readonly value: readonly number[];
}

/** One row for each log line. */
export interface LogColumns {
  /** Microseconds since 1970 UTC. */
  readonly timeUs: readonly number[];
  /** 16 bytes a row; zeros outside a request. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row; zeros outside a request. */
  readonly spanIds: Uint8Array;
  /** 1 trace, 5 debug, 9 info, 17 error, 21 fatal. */
  readonly level: readonly number[];
  readonly methodRef: readonly number[];
  readonly text: readonly string[];
  /** How many of the pairs (fieldNameRef, fieldValue) belong to each row. */
  readonly fieldLength: readonly number[];
  readonly fieldNameRef: readonly number[];
  readonly fieldValue: readonly string[];
  // The rest is empty, or has a value for each row.
  readonly callerRef?: readonly number[] | undefined;
  readonly peerRef?: readonly number[] | undefined;
  readonly sourceRef?: readonly number[] | undefined;
  readonly functionRef?: readonly number[] | undefined;
  /** 1 where the request was dyed. */
  readonly dyed?: readonly number[] | undefined;
}

/** Who recorded a batch. It comes from the connection that the batch arrived on, never from the batch. */
export interface TelemetryIdentity {
  /** Id or name of the host; non-empty. */
  readonly host: string;
  /** `Flight.mod_flight`. */
  readonly service: string;
  /** `127.0.0.1:7963`, or `pid:1234` of a process that listens on nothing. */
  readonly instance: string;
  /** What was released where it runs, at most 64 characters; missing or empty where nobody knows. */
  readonly release?: string | undefined;
}

/** A batch and who recorded it. */
export interface TelemetryEnvelope {
  readonly identity: TelemetryIdentity;
  readonly batch: TelemetryBatch;
}
