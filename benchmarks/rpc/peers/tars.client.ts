import tars from "@tars/rpc";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";
import { decodeString, encodeArguments, SERVANT } from "./tars.echo.ts";

interface Worker {
  timeout: number;
  tars_invoke(method: string, buffer: unknown, options: object): Promise<{ response: { sBuffer: unknown } }>;
}

/** What tars2node makes of the servant: an object whose _worker the runtime sets. */
class EchoProxy {
  _name: string | undefined;
  _worker: Worker | undefined;
}

await clientMain(async (port) => {
  const communicator = tars.Communicator.New();
  const proxy = communicator.stringToProxy(EchoProxy, `${SERVANT}@tcp -h 127.0.0.1 -p ${port} -t 60000`) as EchoProxy;
  return {
    call: () => (proxy._worker as Worker).tars_invoke("echo", encodeArguments(PAYLOAD), {}),
    check: ({ response }) => assertEcho(decodeString(response.sBuffer, 0).length),
    close: () => communicator.disconnect?.(),
  };
});
