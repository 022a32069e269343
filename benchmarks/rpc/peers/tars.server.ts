import tars from "@tars/rpc";
import { serverPort } from "../../lib/client-main.ts";
import { decodeString, encodeResult, SERVANT } from "./tars.echo.ts";

interface Current {
  doResponse(buffer: unknown): void;
}

class Echo {
  initialize(): void {}
  onDispatch(current: Current, method: string, buffer: unknown): number {
    if (method !== "echo") return -3;
    current.doResponse(encodeResult(decodeString(buffer, 1)));
    return 0;
  }
}

const server = tars.server.createServer(Echo);
server.start({
  name: SERVANT,
  servant: SERVANT,
  endpoint: `tcp -h 127.0.0.1 -p ${serverPort()} -t 60000`,
  protocol: "tars",
  maxconns: 200000,
});
console.log("ready");
