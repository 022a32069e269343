/**
 * What the recorder needs to know of one finished call; the shape of `CallRecord` of `@msec/rpc`, which knows nothing
 * of this package (the SDK connects the two).
 *
 * The recorder copies what it keeps: the caller may use the object and its arrays again.
 */
export type CallRecord = {
  /** Full method name, `flight.flight_service.queryFlight`. */
  readonly method: string;
  /** The other end's service name, empty where unknown. */
  readonly peerService: string;
  /** The other end's address, `127.0.0.1:7963`, empty where unknown. */
  readonly peerInstance: string;
  /** Has 32 bytes from `idsAt` on: trace id (16), span id (8), parent span id (8; zeros where the request began here). */
  readonly ids: Uint8Array;
  readonly idsAt: number;
  /** Microseconds since 1970 UTC. */
  readonly startUs: number;
  readonly durationUs: number;
  /** Microseconds that a served request waited before its handler ran. */
  readonly queueUs: number;
  /** gRPC status code, 0…16; 0 is success. */
  readonly code: number;
  /** The error's message, empty on success. */
  readonly message: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds left until the deadline when the call began; 0 where it had none. */
  readonly deadlineMs: number;
  /** Four times the number of attempts of the same call before this one, plus the reason for it (`AttemptReason`); 0 for the first. */
  readonly attempt: number;
  /** Version of the called service's route table by which the instance was chosen; 0 where it was chosen by none. */
  readonly routeVersion: number;
};
