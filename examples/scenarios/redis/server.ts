import { createServer } from "node:net";

// Where no redis-server is installed: a store that speaks as much of its protocol as this example says (INCR and PING).
//
//   node server.ts <port>

const numbers = new Map<string, number>();

const server = createServer((socket) => {
  let held = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    held += String(chunk);
    for (;;) {
      const lines = held.split("\r\n");
      const words = /^\*(\d+)$/.exec(lines[0] ?? "");
      if (words === null) return;
      const count = Number(words[1]) * 2 + 1;
      if (lines.length <= count) return;
      held = lines.slice(count).join("\r\n");
      socket.write(answer(lines.slice(0, count).filter((_, line) => line > 0 && line % 2 === 0)));
    }
  });
});

function answer([command = "", key = ""]: string[]): string {
  if (command.toUpperCase() === "PING") return "+PONG\r\n";
  if (command.toUpperCase() !== "INCR") return `-ERR unknown command '${command}'\r\n`;
  const number = (numbers.get(key) ?? 0) + 1;
  numbers.set(key, number);
  return `:${number}\r\n`;
}

process.on("SIGTERM", () => process.exit(0));
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
