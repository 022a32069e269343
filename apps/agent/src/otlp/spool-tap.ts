import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { type Batch, BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import type { Log } from "@msec/process";
import { compileCodec } from "@msec/wire";
import type { Spool } from "../spool/spool.ts";

/** What came to the spool, and whose it is; the service is "" for the host's own metrics. */
export type Tapped = {
  readonly service: string;
  readonly instance: string;
  /** What was released at the instance; empty where nobody knows. */
  readonly release: string;
  readonly batch: Batch;
};

/** What looks at everything that was spooled. Its faults are logged and change nothing. */
export type Tap = (tapped: Tapped) => void;

/** Envelopes that wait for the taps; more is a process that is busier than it can look. */
const WAITING_MAX = 1_000;

/**
 * The spool, with taps that see each envelope after it is on disk, in a later turn: they can neither fail nor hold up what is reported.
 *
 * With no taps it is the spool itself, and nothing is decoded.
 */
export function tapSpool(
  spool: Spool,
  taps: readonly Tap[],
  log: Log,
): Pick<Spool, "append"> & { readonly missed: number; settled(): Promise<void> } {
  const waiting: Uint8Array[] = [];
  const tapped = {
    missed: 0,
    /** Settles when the taps have seen everything that was appended so far. */
    async settled(): Promise<void> {
      while (waiting.length > 0) await nextTurn();
    },
    append(payload: Uint8Array): void {
      spool.append(payload);
      if (taps.length === 0) return;
      if (waiting.length >= WAITING_MAX) {
        tapped.missed++;
        return;
      }
      if (waiting.push(payload) === 1) setImmediate(look);
    },
  };
  // One envelope a turn: between two of them the agent does its work.
  const look = () => {
    const payload = waiting.shift();
    if (payload === undefined) return;
    if (waiting.length > 0) setImmediate(look);
    try {
      const { service, instance, release, batch: bytes } = fromBinary(EnvelopeSchema, payload);
      const batch = compileCodec(BatchSchema).decode(bytes, 0, bytes.length);
      for (const tap of taps) tap({ service, instance, release, batch });
    } catch (error) {
      // What a service made up: the server will say so too.
      log.debug("a batch cannot be read", { error });
    }
  };
  return tapped;
}
