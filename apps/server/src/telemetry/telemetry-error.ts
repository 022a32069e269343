import { Code, RpcError } from "@msec/rpc";
import { StoreErrorReason, TelemetryStoreError } from "@msec/telemetry-store";

const codes: Record<StoreErrorReason, Code> = {
  [StoreErrorReason.Unavailable]: Code.Unavailable,
  [StoreErrorReason.Overloaded]: Code.Unavailable,
  [StoreErrorReason.Full]: Code.Unavailable,
  [StoreErrorReason.InvalidBatch]: Code.InvalidArgument,
  [StoreErrorReason.InvalidQuery]: Code.InvalidArgument,
  [StoreErrorReason.Failed]: Code.Internal,
};

/** What is said to agents, programs and people while the store's disk is full. */
export const STORE_IS_FULL =
  "the disk of the telemetry store is full: agents keep what they have until there is room; free space on it, or keep less (the monitor page's retention)";

/** Run a question to the telemetry store and translate its errors; any other error stays as it is. */
export async function askTelemetry<Answer>(question: Promise<Answer>): Promise<Answer> {
  try {
    return await question;
  } catch (error) {
    if (!(error instanceof TelemetryStoreError)) {
      throw error;
    }
    const code = codes[error.reason];
    switch (code) {
      case Code.InvalidArgument:
        throw new RpcError(code, error.message);
      case Code.Unavailable:
        throw new RpcError(
          code,
          error.reason === StoreErrorReason.Full
            ? STORE_IS_FULL
            : "the telemetry store does not answer at the moment; calls and routing go on without it",
        );
      default:
        // Its message may quote the statement.
        throw new RpcError(code, "the telemetry store failed; see the server's log", { cause: error });
    }
  }
}
