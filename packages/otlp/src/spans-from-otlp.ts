import { Side } from "@msec/telemetry";
import type { KeyValue } from "../gen/opentelemetry/proto/common/v1/common_pb.js";
import { type ResourceSpans, type Span, Span_SpanKind } from "../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { attributeNumber, attributeText, cut, firstAttribute } from "./attributes.ts";
import type { SpanFields } from "./batch-builder.ts";
import { isZero } from "./ids.ts";
import type { IntakeOutput } from "./intake-output.ts";
import type { NameLimit } from "./name-limit.ts";
import { otlpLimits as limits } from "./otlp-limits.ts";
import { printable, type Reporter, reporterOf, serviceName } from "./reporter.ts";
import { spanCode } from "./span-code.ts";
import type { SpanKeeper } from "./span-keeper.ts";

/** Under which calls are counted whose methods are too many; the name of `@msec/telemetry` for the same. */
const OTHER_METHOD = "(other)";

/** The attribute by which a program says that a request is dyed: true where it came with `msec-coloring: 1`. */
const DYED = "msec.dyed";

const UINT32_MAX = 2 ** 32 - 1;

/** What outlives a request. */
export type SpanMemory = { readonly keeper: SpanKeeper; readonly methods: NameLimit; readonly nowMs: number };

/** Puts spans down, and counts those that are calls; see docs/decisions/0011-open-telemetry.md, "Spans". */
export function takeSpans(all: readonly ResourceSpans[], output: IntakeOutput, memory: SpanMemory): void {
  for (const { resource, scopeSpans } of all) {
    const reporter = output.admit(reporterOf(resource));
    for (const { spans } of scopeSpans) {
      for (const span of spans) if (output.admits()) takeSpan(span, reporter, output, memory);
    }
  }
}

function takeSpan(span: Span, reporter: Reporter, output: IntakeOutput, memory: SpanMemory): void {
  if (span.traceId.length !== 16 || isZero(span.traceId)) {
    output.reject("trace_id must be 16 bytes, not all 0");
    return;
  }
  if (span.spanId.length !== 8 || isZero(span.spanId)) {
    output.reject("span_id must be 8 bytes, not all 0");
    return;
  }
  if (span.parentSpanId.length !== 0 && span.parentSpanId.length !== 8) {
    output.reject("parent_span_id must be 8 bytes, or empty");
    return;
  }
  const startUs = output.timeUs(span.startTimeUnixNano);
  if (typeof startUs === "string") {
    output.reject(startUs);
    return;
  }
  const endUs = output.timeUs(span.endTimeUnixNano);
  if (typeof endUs === "string") {
    output.reject(endUs);
    return;
  }
  const { kind, attributes } = span;
  const isServed = kind === Span_SpanKind.SERVER || kind === Span_SpanKind.CONSUMER;
  const isMade = kind === Span_SpanKind.CLIENT || kind === Span_SpanKind.PRODUCER;
  const isCall = isServed || isMade;
  const peerName = attributeText(attributes, "peer.service", limits.nameUnits);
  const code = spanCode(span.status, attributes);
  const fields: SpanFields = {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startUs,
    // Clocks step back.
    durationUs: Math.min(Math.max(endUs - startUs, 0), UINT32_MAX),
    // What is INTERNAL has children of its own, as what is served has; nobody called it but its own service.
    side: isMade ? Side.client : Side.server,
    method: methodOf(span),
    peerService: isCall ? (peerName === "" ? "" : serviceName(peerName)) : reporter.service,
    peerInstance: isCall ? peerAddress(attributes, isServed) : "",
    code,
    message: code === 0 ? "" : cut(span.status?.message ?? "", limits.fieldUnits),
    requestBytes: sizeOf(attributes, ["http.request.body.size", "http.request_content_length"]),
    responseBytes: sizeOf(attributes, ["http.response.body.size", "http.response_content_length"]),
  };
  const builder = output.of(reporter);
  if (isCall) {
    const isKnown = memory.methods.takes(`${reporter.service} ${reporter.instance}`, `${fields.side} ${fields.method}`);
    builder.addCall({
      ...fields,
      ...(isKnown ? {} : { method: OTHER_METHOD, peerService: "" }),
      // A caller's port is drawn anew for each connection: a curve for each would say nothing.
      peerInstance: isServed || !isKnown ? "" : fields.peerInstance,
    });
  }
  const arrived = {
    ...{ traceId: span.traceId, durationUs: fields.durationUs, code },
    dyed: attributeText(attributes, DYED, 5) === "true",
    kind: `${reporter.service} ${fields.side} ${fields.method} ${fields.peerService}`,
  };
  if (memory.keeper.keeps(arrived, memory.nowMs)) builder.addSpan(fields);
  else output.leaveOut(reporter);
}

function methodOf({ attributes, name }: Span): string {
  const rpc = attributeText(attributes, "rpc.method", limits.nameUnits);
  if (rpc !== "") {
    const service = attributeText(attributes, "rpc.service", limits.nameUnits);
    return text(service === "" ? rpc.replaceAll("/", ".") : `${service}.${rpc}`);
  }
  const route = attributeText(attributes, "http.route", limits.nameUnits);
  const verb = firstAttribute(attributes, ["http.request.method", "http.method"], 20);
  return text(route !== "" && verb !== "" ? `${verb} ${route}` : name) || "(unnamed)";
}

function text(name: string): string {
  return cut(printable(cut(name, limits.nameUnits)), limits.nameUnits);
}

function peerAddress(attributes: readonly KeyValue[], isServed: boolean): string {
  if (isServed) return text(firstAttribute(attributes, ["client.address", "network.peer.address"]));
  const address = text(firstAttribute(attributes, ["server.address", "network.peer.address", "net.peer.name"]));
  const port = attributeNumber(attributes, ["server.port", "network.peer.port", "net.peer.port"]);
  return address === "" || port === undefined ? address : `${address}:${port}`;
}

function sizeOf(attributes: readonly KeyValue[], keys: readonly string[]): number {
  return Math.min(attributeNumber(attributes, keys) ?? 0, UINT32_MAX);
}
