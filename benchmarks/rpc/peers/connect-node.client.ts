import http from "node:http";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";
import { EchoService } from "../gen/echo_pb.js";

const message = new TextEncoder().encode(PAYLOAD);
// HTTP/1.1 has one call under way on a connection: what others put on one connection takes as many connections here.
const agent = new http.Agent({ keepAlive: true, maxSockets: 1024 });

await clientMain(async (port) => {
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${port}`,
    httpVersion: "1.1",
    nodeOptions: { agent },
    useBinaryFormat: true,
  });
  const client = createClient(EchoService, transport);
  return {
    call: () => client.echo({ message }),
    check: ({ message }) => assertEcho(message?.length),
    close: () => agent.destroy(),
  };
});
