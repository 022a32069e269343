import { compileCodec } from "@msec/wire";
import { ExportTraceServiceResponseSchema } from "../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";

// The answers to spans, points and lines differ in names only.
const codec = compileCodec(ExportTraceServiceResponseSchema);

/** What a collector says of a request that it has taken: how many rows of it not, and why. Bytes that are no such answer say nothing. */
export function readPartialSuccess(answer: Uint8Array): { readonly rejected: number; readonly why: string } {
  try {
    const { partialSuccess } = codec.decode(answer, 0, answer.length);
    return {
      rejected: Number(partialSuccess?.rejectedSpans ?? 0n),
      why: partialSuccess?.errorMessage.slice(0, 300) ?? "",
    };
  } catch {
    // An answer in another form, of a proxy for example: it was taken.
    return { rejected: 0, why: "" };
  }
}
