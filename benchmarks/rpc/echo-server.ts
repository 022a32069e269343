import cluster from "node:cluster";
import { parseArgs } from "node:util";
import { serve } from "@msec/service";
import { EchoService } from "./gen/echo_pb.js";

// Ours alone, everything on: what a service author gets from `serve`, with spans, counts, context and deadline.
const help = `Usage: node benchmarks/rpc/echo-server.ts [--port N] [--address A] [--workers N]

Serves echo.EchoService.Echo (benchmarks/rpc/echo.proto) as a service author's program would, everything on, until it is
stopped: SRPC over TCP and UDP, HTTP+JSON, Connect, gRPC and gRPC-Web on one port. Prints a line that begins with "ready"
when it can be called; with workers, each prints its own.

  --port N      default 7963; 0 takes a free one, which the line says (not with workers)
  --address A   default 127.0.0.1
  --workers N   processes that share the port, 1…1024, or auto for one for each core; default 1
`;
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "7963" },
    address: { type: "string", default: "127.0.0.1" },
    workers: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const service = serve(
  EchoService,
  { echo: (request) => ({ message: request.message }) },
  {
    name: "Bench.echo",
    listen: { address: values.address, port: Number(values.port) },
    workers: values.workers === "auto" ? "auto" : Number(values.workers),
  },
);
const { address, port } = await service.ready;
console.log(`ready on ${address}:${port}${cluster.worker === undefined ? "" : `, worker ${cluster.worker.id}`}`);
