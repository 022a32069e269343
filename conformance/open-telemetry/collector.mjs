// A collector's end that decodes with OpenTelemetry's own protobuf: prints its port, then one line of JSON for each request.
// Answers 503 to the first request, so that the sender has to come again.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
// Later versions of this package can encode only.
const root = require("otlp-decoder/build/src/generated/root.js");
const { collector } = root.opentelemetry.proto;
const types = {
  "/v1/traces": collector.trace.v1.ExportTraceServiceRequest,
  "/v1/metrics": collector.metrics.v1.ExportMetricsServiceRequest,
  "/v1/logs": collector.logs.v1.ExportLogsServiceRequest,
};
let refused = false;
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (!refused) {
    refused = true;
    response.writeHead(503).end();
    return;
  }
  const bytes = Buffer.concat(chunks);
  const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
  const type = types[request.url];
  const message = type.toObject(type.decode(body), { longs: String, bytes: String, enums: String });
  process.stdout.write(`${JSON.stringify({ url: request.url, token: request.headers["x-tenant"], message })}\n`);
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
