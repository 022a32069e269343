import cluster from "node:cluster";
import { serve } from "@msec/service";
import { CommandLine } from "../lib/command-line.ts";
import { EchoService } from "./gen/echo_pb.js";

// Ours alone, everything on: what a service author gets from `serve`, with spans, counts, context and deadline.
const line = new CommandLine(
  "node benchmarks/rpc/echo-server.ts",
  `Serves echo.EchoService.Echo (benchmarks/rpc/echo.proto) as a service author's program would, everything on, until it is
stopped: SRPC over TCP and UDP, HTTP+JSON, Connect, gRPC and gRPC-Web on one port. Prints a line that begins with "ready"
when it can be called; with workers, each prints its own.`,
  {
    port: { about: "0 takes a free one, which the line says", default: "7963" },
    address: { about: "where to listen", default: "127.0.0.1" },
    workers: { about: "processes that share the port, 1…1024, or auto for one for each core", default: "1" },
  },
);
const { values } = line;
const service = serve(
  EchoService,
  { echo: (request) => ({ message: request.message }) },
  {
    name: "Bench.echo",
    listen: { address: values.address, port: line.integer("port", 0, 65_535) },
    workers: values.workers === "auto" ? "auto" : line.integer("workers", 1, 1_024),
  },
);
const { address, port } = await service.ready;
console.log(`ready on ${address}:${port}${cluster.worker === undefined ? "" : `, worker ${cluster.worker.id}`}`);
