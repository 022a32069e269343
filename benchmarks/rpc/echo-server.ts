import { parseArgs } from "node:util";
import { serve } from "@msec/service";
import { EchoService } from "./gen/echo_pb.js";

// Ours alone, everything on: what a service author gets from `serve`, with spans, counts, context and deadline.
const { values } = parseArgs({ options: { port: { type: "string", default: "7963" } } });
const service = serve(
  EchoService,
  { echo: (request) => ({ message: request.message }) },
  { name: "Bench.echo", listen: { address: "127.0.0.1", port: Number(values.port) } },
);
await service.ready;
console.log("ready");
