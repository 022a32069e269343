import { createServer } from "node:net";
import { parseArgs } from "node:util";

// The least that Node can do with a connection, and the least that a Node program weighs: answers what comes with itself. Imports nothing of ours.
const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("error", () => socket.destroy());
});
server.listen({ port: Number(values.port), host: "127.0.0.1", backlog: 4096 }, () => console.log("ready"));
