import { create } from "@bufbuild/protobuf";
import { BatchSchema } from "@msec/api/telemetry/v1/telemetry_pb.js";
import { MethodTable } from "@msec/rpc";
import { listen } from "@msec/rpc-node";
import { createRecorder } from "@msec/telemetry";
import { compileCodec, Writer } from "@msec/wire";
import { serverPort } from "../lib/client-main.ts";
import { EchoService } from "../rpc/gen/echo_pb.js";

// The echo server on our listener, with the recorder of the SDK or without any: node recorded-server.ts --port N --recording on|off
const isOn = process.argv.includes("--recording=on");
const recorder = createRecorder({ now: () => performance.timeOrigin + performance.now() });
const codec = compileCodec(BatchSchema);
// As the SDK hands it over: drained and encoded each second.
if (isOn) {
  setInterval(() => {
    const batch = recorder.drain();
    if (batch !== undefined) codec.encode(create(BatchSchema, batch), new Writer());
  }, 1_000);
}
const methods = new MethodTable().add(EchoService, { echo: (request) => ({ message: request.message }) });
const listener = await listen({
  methods,
  port: serverPort(),
  serviceName: "Bench.echo",
  observer: isOn ? recorder : undefined,
});
console.log(`ready on ${listener.port}`);
