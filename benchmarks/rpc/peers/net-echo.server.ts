import net from "node:net";
import { serverPort } from "../../lib/client-main.ts";

// The ceiling: whatever a read brings goes back in one write.
net
  .createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => socket.destroy());
  })
  .listen(serverPort(), "127.0.0.1", () => console.log("ready"));
