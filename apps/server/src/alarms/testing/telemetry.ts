import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTelemetryStore, startEngine, type TelemetryIdentity, type TelemetryStore } from "@msec/telemetry-store";

/** A telemetry store of a test's own: the real engine in a temporary directory. */
export interface TestTelemetry extends AsyncDisposable {
  readonly socket: string;
  readonly store: TelemetryStore;
  /** Calls of one minute: how many went well, how many failed, as the service itself or its callers counted them. */
  calls(identity: TelemetryIdentity | readonly TelemetryIdentity[], minute: number, counts: CallCounts): Promise<void>;
  /** Samples of one minute. */
  sample(
    identity: TelemetryIdentity,
    minute: number,
    name: string,
    kind: 1 | 2,
    values: readonly number[],
  ): Promise<void>;
  /** Log lines of one minute. */
  log(identity: TelemetryIdentity, minute: number, level: number, text: string): Promise<void>;
}

/** How many calls of one minute. */
export interface CallCounts {
  readonly good?: number;
  readonly bad?: number;
  /** The caller's service. */
  readonly caller?: string;
  readonly durationUs?: number;
}

const none = { traceIds: new Uint8Array(16), spanIds: new Uint8Array(8) };

/** Start an engine. */
export async function startTestTelemetry(): Promise<TestTelemetry> {
  const directory = mkdtempSync(join(tmpdir(), "msec-alarms-"));
  const socket = join(directory, "t.sock");
  const engine = await startEngine({ dataDir: join(directory, "data"), socket });
  const store = openTelemetryStore({ socket });
  await store.waitReady();
  let tokens = 0;
  const token = () => `test/${++tokens}`;
  return {
    socket,
    store,
    async calls(identity, minute, { good = 0, bad = 0, caller = "", durationUs = 1_000 }) {
      const rows = [
        { count: good, code: 0 },
        { count: bad, code: 14 },
      ].filter(({ count }) => count > 0);
      const of = <Value>(value: Value) => rows.map(() => value);
      const calls = {
        timeS: of(minute * 60 + 5),
        side: of(1),
        methodRef: of(2),
        peerServiceRef: of(1),
        peerInstanceRef: of(0),
        code: rows.map(({ code }) => code),
        count: rows.map(({ count }) => count),
        durationUsSum: rows.map(({ count }) => count * durationUs),
        bucketLength: of(1),
        bucketIndex: of(Math.floor(8 * Math.log2(durationUs))),
        bucketCount: rows.map(({ count }) => count),
      };
      const batch = { strings: ["", caller, "flight.flight_service.queryFlight"], calls };
      await store.ingestAll(
        [identity].flat().map((one) => ({ identity: one as TelemetryIdentity, batch })),
        token(),
      );
    },
    async sample(identity, minute, name, kind, values) {
      const of = <Value>(value: Value) => values.map(() => value);
      const samples = {
        timeS: values.map((_, index) => minute * 60 + index),
        nameRef: of(1),
        kind: of(kind),
        value: [...values],
      };
      await store.ingest(identity, { strings: ["", name], samples }, token());
    },
    async log(identity, minute, level, text) {
      const logs = {
        ...none,
        timeUs: [(minute * 60 + 5) * 1e6],
        level: [level],
        methodRef: [0],
        text: [text],
        fieldLength: [0],
        fieldNameRef: [],
        fieldValue: [],
      };
      await store.ingest(identity, { strings: [""], logs }, token());
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await engine.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
