import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import {
  ExportLogsServiceRequestSchema,
  ExportLogsServiceResponseSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import {
  ExportMetricsServiceRequestSchema,
  ExportMetricsServiceResponseSchema,
} from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import {
  ExportTraceServiceRequestSchema,
  ExportTraceServiceResponseSchema,
} from "../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { Intake } from "../intake.ts";
import { foldedText, type Taken } from "../intake-output.ts";
import type { Answered } from "./otlp-desk.ts";

/** What the protocol has for one kind of telemetry. */
export type Signal<Request extends DescMessage = DescMessage, Response extends DescMessage = DescMessage> = {
  readonly request: Request;
  readonly response: Response;
  readonly take: (intake: Intake, request: MessageShape<Request>) => Taken;
  /** The fields of an answer. */
  readonly answer: (answered: Answered) => object;
};

const signal = <Request extends DescMessage, Response extends DescMessage>(
  one: Signal<Request, Response>,
): Signal<Request, Response> => one;

const partial = (name: string) => (answered: Answered) => {
  const { rejected, why } = answered;
  if (rejected > 0) return { partialSuccess: { [name]: BigInt(rejected), errorMessage: `not taken: ${why}` } };
  const errorMessage = foldedText(answered);
  return errorMessage === "" ? {} : { partialSuccess: { errorMessage } };
};

/** Each kind of telemetry by its path over HTTP. */
export const signals = {
  "/v1/traces": signal({
    request: ExportTraceServiceRequestSchema,
    response: ExportTraceServiceResponseSchema,
    take: (intake, request) => intake.traces(request),
    answer: partial("rejectedSpans"),
  }),
  "/v1/metrics": signal({
    request: ExportMetricsServiceRequestSchema,
    response: ExportMetricsServiceResponseSchema,
    take: (intake, request) => intake.metrics(request),
    answer: partial("rejectedDataPoints"),
  }),
  "/v1/logs": signal({
    request: ExportLogsServiceRequestSchema,
    response: ExportLogsServiceResponseSchema,
    take: (intake, request) => intake.logs(request),
    answer: partial("rejectedLogRecords"),
  }),
} as const;

/** The signal of a path; `undefined` for another path. */
export function findSignal(path: string): Signal | undefined {
  return Object.hasOwn(signals, path) ? (signals[path as keyof typeof signals] as unknown as Signal) : undefined;
}
