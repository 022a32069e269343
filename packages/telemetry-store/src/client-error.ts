import { ClickHouseError } from "@clickhouse/client";
import { StoreErrorReason, StoreUnavailable, TelemetryStoreError } from "./store-error.ts";

const unavailableCodes = new Set([
  "ENOENT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

// TOO_MANY_SIMULTANEOUS_QUERIES, MEMORY_LIMIT_EXCEEDED, TOO_MANY_PARTS.
const overloadedCodes = new Set(["202", "241", "252"]);

// NOT_ENOUGH_SPACE; or the system's own words within CANNOT_WRITE_TO_FILE_DESCRIPTOR, of ClickHouse and of the embedded engine's own files.
const isFull = ({ code, message }: ClickHouseError) =>
  code === "243" || /No space left on device|errno: 28\b|ENOSPC|EDQUOT|Disk quota exceeded/.test(message);

/**
 * Translate what `@clickhouse/client` throws.
 *
 * @param doing what was being done, for people: `insert into span`
 * @param where the store's address, for people
 */
export function storeErrorFrom(error: unknown, doing: string, where: string): TelemetryStoreError {
  if (error instanceof TelemetryStoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ClickHouseError) {
    // ABORTED: the engine is stopping.
    if (error.code === "236")
      return new StoreUnavailable(`the telemetry store at ${where} is stopping`, { cause: error });
    if (isFull(error)) {
      return new TelemetryStoreError(StoreErrorReason.Full, `${doing}: ${message}`, { cause: error });
    }
    if (overloadedCodes.has(error.code)) {
      return new TelemetryStoreError(StoreErrorReason.Overloaded, `${doing}: ${message}`, { cause: error });
    }
    return new TelemetryStoreError(StoreErrorReason.Failed, `${doing}: ${message}`, { cause: error });
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && unavailableCodes.has(code)) {
    return new StoreUnavailable(`the telemetry store at ${where} does not answer (${code})`, { cause: error });
  }
  if (/socket hang up|timeout/i.test(message)) {
    return new StoreUnavailable(`the telemetry store at ${where} did not answer: ${message}`, { cause: error });
  }
  return new TelemetryStoreError(StoreErrorReason.Failed, `${doing}: ${message}`, { cause: error });
}
