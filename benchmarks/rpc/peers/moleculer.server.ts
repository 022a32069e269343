import { serverPort } from "../../lib/client-main.ts";
import { createBroker } from "./moleculer.broker.ts";

const port = serverPort();
const broker = createBroker("server", port, []);
broker.createService({
  name: "echo",
  actions: { echo: (context: { params: { message: string } }) => ({ message: context.params.message }) },
});
await broker.start();
console.log("ready");
