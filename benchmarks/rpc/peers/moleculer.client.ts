import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";
import { createBroker } from "./moleculer.broker.ts";

let started = 0;

await clientMain(async (port) => {
  const broker = createBroker(`client-${started++}`, 0, [`127.0.0.1:${port}/server`]);
  await broker.start();
  await broker.waitForServices("echo", 30_000, 50);
  return {
    call: () => broker.call<{ message: string }, { message: string }>("echo.echo", { message: PAYLOAD }),
    check: ({ message }) => assertEcho(message.length),
    close: () => broker.stop(),
  };
});
