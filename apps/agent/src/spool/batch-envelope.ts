import { create, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import type { Batch } from "@msec/telemetry";
import { compileCodec, Writer } from "@msec/wire";

/** A batch that this agent took for somebody else, as the spool keeps it. */
export function batchEnvelope(service: string, instance: string, batch: Batch): Uint8Array {
  const writer = new Writer();
  compileCodec(BatchSchema).encode(batch, writer);
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { service, instance, batch: writer.detach() }));
}
