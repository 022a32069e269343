import { createClient } from "@msec/rpc";
import { createChannel } from "@msec/rpc-node";
import { createRecorder } from "@msec/telemetry";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";
import { EchoService } from "../gen/echo_pb.js";

const message = new TextEncoder().encode(PAYLOAD);
const recorder = createRecorder({ now: Date.now });
setInterval(() => recorder.drain(), 1000).unref();

await clientMain(async (port) => {
  const channel = createChannel({ address: "127.0.0.1", port }, { caller: "Bench.client", observer: recorder });
  const client = createClient(EchoService, channel.call);
  return {
    call: () => client.echo({ message }),
    check: ({ message }) => assertEcho(message?.length),
    close: () => channel.close(),
  };
});
