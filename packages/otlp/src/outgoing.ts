import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { type Batch, findMetric, levelName, SampleKind, Side } from "@msec/telemetry";
import { compileCodec, Writer } from "@msec/wire";
import { ExportLogsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { ExportMetricsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { ExportTraceServiceRequestSchema } from "../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { KeyValueSchema } from "../gen/opentelemetry/proto/common/v1/common_pb.js";
import type { LogRecordSchema } from "../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import { AggregationTemporality, type MetricSchema } from "../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { Span_SpanKind, type SpanSchema, Status_StatusCode } from "../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { isZero } from "./ids.ts";

/** Whose batch goes out; the service is "" for the host's own metrics. */
export type OutgoingOwner = {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  /** What was released at the instance; missing or empty: nobody knows. */
  readonly release?: string;
};

/** One export request, encoded, and the path under which collectors take it. */
export type OutgoingRequest = { readonly path: "/v1/traces" | "/v1/metrics" | "/v1/logs"; readonly body: Uint8Array };

/** A batch to be read, as it is decoded too. */
export type OutgoingBatch = { readonly [Column in "strings"]: readonly string[] } & {
  readonly [Table in "spans" | "calls" | "samples" | "logs"]?:
    | {
        readonly [Column in keyof Batch[Table]]: Batch[Table][Column] extends Uint8Array
          ? Uint8Array
          : Batch[Table][Column];
      }
    | undefined;
};

type KeyValue = MessageInitShape<typeof KeyValueSchema>;
type Metric = MessageInitShape<typeof MetricSchema>;

const scope = { name: "msec", version: "1" };

/** The export requests for a batch: at most one of each kind; see docs/decisions/0011-open-telemetry.md, "Out". */
export function outgoingRequests(owner: OutgoingOwner, batch: OutgoingBatch): OutgoingRequest[] {
  const resource = { attributes: resourceAttributes(owner) };
  const requests: OutgoingRequest[] = [];
  const spans = outgoingSpans(owner, batch);
  if (spans.length > 0) {
    const resourceSpans = [{ resource, scopeSpans: [{ scope, spans }] }];
    requests.push({ path: "/v1/traces", body: encode(ExportTraceServiceRequestSchema, { resourceSpans }) });
  }
  const metrics = [...callMetrics(batch), ...sampleMetrics(batch)];
  if (metrics.length > 0) {
    const resourceMetrics = [{ resource, scopeMetrics: [{ scope, metrics }] }];
    requests.push({ path: "/v1/metrics", body: encode(ExportMetricsServiceRequestSchema, { resourceMetrics }) });
  }
  const logRecords = outgoingLogs(batch);
  if (logRecords.length > 0) {
    const resourceLogs = [{ resource, scopeLogs: [{ scope, logRecords }] }];
    requests.push({ path: "/v1/logs", body: encode(ExportLogsServiceRequestSchema, { resourceLogs }) });
  }
  return requests;
}

function encode<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Uint8Array {
  const writer = new Writer();
  compileCodec(schema).encode(fields, writer);
  return writer.detach();
}

function resourceAttributes({ service, instance, host, release = "" }: OutgoingOwner): KeyValue[] {
  return attributesOf({
    "host.name": host,
    "service.name": service || "msec.host",
    "service.instance.id": instance,
    "service.version": release,
    "telemetry.sdk.name": "msec",
  });
}

function outgoingSpans(owner: OutgoingOwner, { spans, strings }: OutgoingBatch): MessageInitShape<typeof SpanSchema>[] {
  if (spans === undefined) return [];
  return spans.startUs.map((startUs, row) => {
    const isMade = spans.side[row] === Side.client;
    const peerService = strings[spans.peerServiceRef[row]!] ?? "";
    const code = spans.code[row]!;
    const parent = spans.parentSpanIds.subarray(row * 8, row * 8 + 8);
    const isInner = !isMade && peerService !== "" && peerService === owner.service;
    return {
      traceId: spans.traceIds.subarray(row * 16, row * 16 + 16),
      spanId: spans.spanIds.subarray(row * 8, row * 8 + 8),
      ...(isZero(parent) ? {} : { parentSpanId: parent }),
      name: strings[spans.methodRef[row]!] ?? "",
      kind: isMade ? Span_SpanKind.CLIENT : isInner ? Span_SpanKind.INTERNAL : Span_SpanKind.SERVER,
      startTimeUnixNano: nanoseconds(startUs),
      endTimeUnixNano: nanoseconds(startUs + spans.durationUs[row]!),
      attributes: [
        ...attributesOf({
          "peer.service": peerService,
          [isMade ? "server.address" : "client.address"]: strings[spans.peerInstanceRef[row]!] ?? "",
        }),
        { key: "rpc.grpc.status_code", value: { value: { case: "intValue", value: BigInt(code) } } },
      ],
      status: {
        code: code === 0 ? Status_StatusCode.UNSET : Status_StatusCode.ERROR,
        message: strings[spans.messageRef[row]!] ?? "",
      },
    };
  });
}

// Our buckets are those of an exponential histogram of scale 3 in microseconds, so that nothing is lost.
function callMetrics({ calls, strings }: OutgoingBatch): Metric[] {
  if (calls === undefined || calls.timeS.length === 0) return [];
  let at = 0;
  const dataPoints = calls.timeS.map((timeS, row) => {
    const end = at + calls.bucketLength[row]!;
    const indexes = calls.bucketIndex.slice(at, end);
    const counts = calls.bucketCount.slice(at, end);
    at = end;
    const offset = indexes.length === 0 ? 0 : Math.min(...indexes);
    const bucketCounts = new Array<bigint>(indexes.length === 0 ? 0 : Math.max(...indexes) - offset + 1).fill(0n);
    for (const [i, index] of indexes.entries()) bucketCounts[index - offset] = BigInt(counts[i]!);
    return {
      startTimeUnixNano: nanoseconds(timeS * 1e6),
      timeUnixNano: nanoseconds((timeS + 1) * 1e6),
      count: BigInt(calls.count[row]!),
      sum: calls.durationUsSum[row]!,
      scale: 3,
      positive: { offset, bucketCounts },
      attributes: attributesOf({
        "rpc.method": strings[calls.methodRef[row]!] ?? "",
        "rpc.side": calls.side[row] === Side.client ? "client" : "server",
        "rpc.grpc.status_code": String(calls.code[row]),
        "peer.service": strings[calls.peerServiceRef[row]!] ?? "",
      }),
    };
  });
  const aggregationTemporality = AggregationTemporality.DELTA;
  return [
    {
      name: "msec.rpc.duration",
      unit: "us",
      data: { case: "exponentialHistogram", value: { aggregationTemporality, dataPoints } },
    },
  ];
}

function sampleMetrics({ samples, strings }: OutgoingBatch): Metric[] {
  if (samples === undefined) return [];
  return samples.timeS.map((timeS, row): Metric => {
    const name = strings[samples.nameRef[row]!] ?? "";
    const { entry, variable } = findMetric(name) ?? {};
    const theirs = entry?.openTelemetry;
    const isCounter = samples.kind[row] === SampleKind.counter;
    const attributes = Object.entries(theirs?.attributes ?? {}).map(([key, value]) => [
      key,
      value === "*" ? (variable ?? "") : value,
    ]);
    const point = {
      startTimeUnixNano: nanoseconds(timeS * 1e6),
      timeUnixNano: nanoseconds((timeS + (isCounter ? 1 : 0)) * 1e6),
      value: { case: "asDouble" as const, value: samples.value[row]! * (theirs?.scale ?? 1) },
      attributes: attributesOf(Object.fromEntries(attributes)),
    };
    const dataPoints = [point];
    return {
      // What developers named has no family elsewhere.
      name: theirs?.name ?? name.replace(/^usr\./, ""),
      unit: theirs?.unit ?? "",
      data: isCounter
        ? {
            case: "sum",
            value: { aggregationTemporality: AggregationTemporality.DELTA, isMonotonic: true, dataPoints },
          }
        : { case: "gauge", value: { dataPoints } },
    };
  });
}

function outgoingLogs({ logs, strings }: OutgoingBatch): MessageInitShape<typeof LogRecordSchema>[] {
  if (logs === undefined) return [];
  let at = 0;
  return logs.timeUs.map((timeUs, row) => {
    const end = at + logs.fieldLength[row]!;
    const fields = logs.fieldNameRef.slice(at, end).map((ref, i) => [strings[ref] ?? "", logs.fieldValue[at + i]!]);
    at = end;
    const traceId = logs.traceIds.subarray(row * 16, row * 16 + 16);
    const level = logs.level[row]!;
    return {
      timeUnixNano: nanoseconds(timeUs),
      observedTimeUnixNano: nanoseconds(timeUs),
      severityNumber: level,
      severityText: levelName(level).toUpperCase(),
      body: { value: { case: "stringValue", value: logs.text[row]! } },
      attributes: attributesOf({
        ...Object.fromEntries(fields),
        "code.function.name": strings[logs.functionRef[row] ?? 0] ?? "",
        "code.file.path": strings[logs.sourceRef[row] ?? 0] ?? "",
      }),
      ...(isZero(traceId) ? {} : { traceId, spanId: logs.spanIds.subarray(row * 8, row * 8 + 8) }),
    };
  });
}

function attributesOf(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => ({ key, value: { value: { case: "stringValue", value } } }));
}

function nanoseconds(us: number): bigint {
  return BigInt(Math.floor(us)) * 1_000n;
}
