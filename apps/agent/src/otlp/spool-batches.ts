import { create, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import type { KeepBatches } from "@msec/otlp/listen";
import { isOutOfSpace, type Log } from "@msec/process";
import { Code, RpcError } from "@msec/rpc";
import { compileCodec, Writer } from "@msec/wire";
import type { Spool } from "../spool/spool.ts";

/** Puts what came over OTLP into the spool: it is on disk when the exporter is answered. */
export function spoolBatches(spool: Pick<Spool, "append">, log: Log): KeepBatches {
  const codec = compileCodec(BatchSchema);
  return (batches) => {
    try {
      for (const { service, instance, batch } of batches) {
        const writer = new Writer();
        codec.encode(batch, writer);
        spool.append(toBinary(EnvelopeSchema, create(EnvelopeSchema, { service, instance, batch: writer.detach() })));
      }
    } catch (cause) {
      if (!isOutOfSpace(cause)) log.error("what came over OTLP cannot be spooled", { error: cause });
      throw new RpcError(
        Code.Unavailable,
        "the agent cannot write to its spool, its disk may be full; report again later",
        { cause },
      );
    }
  };
}
