// A program as OpenTelemetry's documentation shows it: spans, metrics and a log line through the SDK's own exporters.
// node report.mjs '{"http":"http://127.0.0.1:4318","grpc":"http://127.0.0.1:4317","token":"…"}'; says on stdout what it reported.
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as GrpcTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const { http, grpc, token } = JSON.parse(process.argv[2]);
const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
const resourceOf = (name) => resourceFromAttributes({ "service.name": name, "service.instance.id": `${name}-1` });
const providerOf = (name, exporter) =>
  new BasicTracerProvider({ resource: resourceOf(name), spanProcessors: [new BatchSpanProcessor(exporter)] });

// Three services of one request, each with another of the SDK's exporters.
const shop = providerOf("shop", new ProtoTraceExporter({ url: `${http}/v1/traces`, headers, compression: "gzip" }));
const stock = providerOf("stock", new JsonTraceExporter({ url: `${http}/v1/traces`, headers }));
const { Metadata } = await import("@grpc/grpc-js");
const metadata = new Metadata();
if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
const pay = providerOf("pay", new GrpcTraceExporter({ url: grpc, metadata, compression: "gzip" }));

const under = (span) => trace.setSpan(context.active(), span);
const root = shop
  .getTracer("t")
  .startSpan("GET /buy", { kind: SpanKind.SERVER, attributes: { "http.request.method": "GET", "http.route": "/buy" } });
const inner = shop.getTracer("t").startSpan("price the cart", { kind: SpanKind.INTERNAL }, under(root));
const attributes = { "peer.service": "stock", "server.address": "10.0.0.2", "server.port": 8000 };
const asks = shop.getTracer("t").startSpan("stock.Take", { kind: SpanKind.CLIENT, attributes }, under(inner));
const takes = stock.getTracer("t").startSpan("stock.Take", { kind: SpanKind.SERVER }, under(asks));
takes.end();
asks.end();
const charges = shop.getTracer("t").startSpan("pay.Charge", { kind: SpanKind.CLIENT }, under(inner));
const charged = pay.getTracer("t").startSpan("pay.Charge", { kind: SpanKind.SERVER }, under(charges));
charged.setAttribute("rpc.grpc.status_code", 9);
charged.setStatus({ code: SpanStatusCode.ERROR, message: "card refused" });
charged.end();
charges.setStatus({ code: SpanStatusCode.ERROR, message: "card refused" });
charges.end();
inner.end();

const logs = new LoggerProvider({
  resource: resourceOf("shop"),
  processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${http}/v1/logs`, headers }) })],
});
logs.getLogger("l").emit({
  severityNumber: SeverityNumber.ERROR,
  body: "could not buy",
  attributes: { user: "u7", items: 3, nested: { a: [1, "x"] } },
  context: under(root),
});
root.end();

const metricExporter = new OTLPMetricExporter({ url: `${http}/v1/metrics`, headers });
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
const metrics = new MeterProvider({ resource: resourceOf("shop"), readers: [reader] });
const orders = metrics.getMeter("m").createCounter("orders");
const took = metrics.getMeter("m").createHistogram("took", { unit: "ms" });
metrics
  .getMeter("m")
  .createObservableGauge("open.carts")
  .addCallback((result) => result.observe(42));
orders.add(3, { kind: "book" });
for (const ms of [10, 20, 30, 40]) took.record(ms);
await reader.forceFlush();
orders.add(4, { kind: "book" });
await reader.forceFlush();

for (const provider of [shop, stock, pay, logs]) await provider.forceFlush();
for (const provider of [shop, stock, pay, logs, metrics]) await provider.shutdown();
process.stdout.write(`${JSON.stringify({ traceId: root.spanContext().traceId })}\n`);
