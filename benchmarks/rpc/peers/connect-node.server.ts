import http from "node:http";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { serverPort } from "../../lib/client-main.ts";
import { EchoService } from "../gen/echo_pb.js";

const handler = connectNodeAdapter({
  routes: (router) => router.service(EchoService, { echo: (request) => ({ message: request.message }) }),
});
http.createServer(handler).listen(serverPort(), "127.0.0.1", () => console.log("ready"));
