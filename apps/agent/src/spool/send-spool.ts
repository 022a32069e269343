import { fromBinary } from "@bufbuild/protobuf";
import { type Envelope, EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import type { Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import type { ControlLink } from "../control/control-link.ts";
import type { Spool } from "./spool.ts";

/** How long the first batch waits for others to share its request until the server says so: a tenth of the latency that people notice on a curve. */
const GATHER_MS = 50;
/** Whatever a server says. */
const GATHER_MAX_MS = 30_000;
const ANSWER_MS = 15_000;

/** Codes that say that the same request will never be taken, whenever it is sent. */
const PERMANENT: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.OutOfRange,
  Code.FailedPrecondition,
  Code.DataLoss,
  Code.Unimplemented,
]);

/** Hand the spool to the server until the signal aborts: one request at a time, deleted once it is answered. */
export async function sendSpool(link: ControlLink, spool: Spool, log: Log, signal: AbortSignal): Promise<void> {
  let gatherMs = GATHER_MS;
  await link.repeat("reporting telemetry", signal, async (client) => {
    await spool.untilFilled(signal);
    await spool.untilSealed(gatherMs, signal);
    const segment = spool.oldest();
    if (signal.aborted || segment === undefined) return;
    const envelopes = segment.payloads.flatMap((payload) => decodeEnvelope(payload, log) ?? []);
    if (envelopes.length > 0) {
      try {
        const request = { sequence: BigInt(segment.sequence), envelopes };
        const answer = await client.reportTelemetry(request, { timeoutMs: ANSWER_MS, signal });
        gatherMs = Math.min(answer.gatherMs || GATHER_MS, GATHER_MAX_MS);
      } catch (error) {
        if (!(error instanceof RpcError) || !PERMANENT.has(error.code)) throw error;
        log.error("the server refuses telemetry", { batches: envelopes.length, error: error.message });
        spool.split(segment.sequence);
        return;
      }
    }
    spool.remove(segment.sequence);
  });
}

function decodeEnvelope(payload: Uint8Array, log: Log): Envelope | undefined {
  try {
    return fromBinary(EnvelopeSchema, payload);
  } catch (error) {
    // Its checksum was right, so an agent of another version wrote it in another form.
    log.error("a spooled batch cannot be read and is dropped", { error });
    return undefined;
  }
}
