import type { CallRecord } from "./call-record.ts";

/** Through which telemetry hears of calls. It must be quick, must not throw, and has the record only until it returns. */
export interface CallObserver {
  onServerCall(record: CallRecord): void;
  onClientCall(record: CallRecord): void;
}
