// A program that reports for a while through the SDK's own exporters: numbered spans over HTTP (protobuf), HTTP (JSON) and gRPC, and numbered log lines.
// node steady.mjs '{"http":"…","grpc":"…","seconds":20,"perSecond":100}'; says on stdout how many of each it made, and on stderr what the SDK says of its exports.
import { DiagLogLevel, diag, SpanKind } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter as GrpcTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const { http, grpc, seconds, perSecond, quiet } = JSON.parse(process.argv[2]);
const say = (...words) =>
  process.stderr.write(`${new Date().toISOString().slice(17, 23)} ${words.join(" ").slice(0, 300)}\n`);
diag.setLogger(
  { error: say, warn: say, info: say, debug: () => {}, verbose: () => {} },
  { logLevel: quiet ? DiagLogLevel.ERROR : DiagLogLevel.INFO },
);
const resourceOf = (name) => resourceFromAttributes({ "service.name": name, "service.instance.id": `${name}-1` });
const counts = {};
const tracers = Object.entries({
  proto: new ProtoTraceExporter({ url: `${http}/v1/traces`, compression: "gzip" }),
  json: new JsonTraceExporter({ url: `${http}/v1/traces` }),
  grpc: new GrpcTraceExporter({ url: grpc }),
}).map(([name, exporter]) => {
  const provider = new BasicTracerProvider({
    resource: resourceOf(name),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000, maxQueueSize: 8_192 })],
  });
  return { name, provider, tracer: provider.getTracer("t") };
});
const logs = new LoggerProvider({
  resource: resourceOf("lines"),
  processors: [
    new BatchLogRecordProcessor({
      exporter: new OTLPLogExporter({ url: `${http}/v1/logs` }),
      scheduledDelayMillis: 1_000,
      maxQueueSize: 8_192,
    }),
  ],
});
const logger = logs.getLogger("l");
const ticks = seconds * 10;
for (let tick = 0; tick < ticks; tick++) {
  for (let n = 0; n < perSecond / 10; n++) {
    for (const { name, tracer } of tracers) {
      counts[name] = (counts[name] ?? 0) + 1;
      tracer.startSpan("work", { kind: SpanKind.SERVER }).end();
    }
    counts.lines = (counts.lines ?? 0) + 1;
    logger.emit({ severityNumber: SeverityNumber.INFO, body: `line ${counts.lines}` });
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
for (const { provider } of [...tracers, { provider: logs }])
  await provider.forceFlush().catch((error) => say(String(error)));
for (const { provider } of [...tracers, { provider: logs }])
  await provider.shutdown().catch((error) => say(String(error)));
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.exit(0);
