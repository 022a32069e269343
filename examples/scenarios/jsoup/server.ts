import { createServer, type Socket } from "node:net";
import { decodePacket, encodePacket, type Packet, packetLength, type Recording } from "./protocol.ts";

// The crawler: a program that knows nothing of msec. It answers as it finishes, not in the order of the requests.
//
//   node server.ts <port>

const server = createServer((socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const length = packetLength(held);
      if (length < 0) {
        socket.destroy();
        return;
      }
      if (length === 0 || length > held.length) return;
      void answer(socket, decodePacket(held.subarray(0, length)));
      held = held.subarray(length);
    }
  });
});

async function answer(socket: Socket, { sequence, text }: Packet): Promise<void> {
  try {
    const { url } = JSON.parse(text) as { url: string };
    socket.write(encodePacket({ sequence, status: 0, text: JSON.stringify(await crawl(url)) }));
  } catch (error) {
    socket.write(encodePacket({ sequence, status: 1, text: error instanceof Error ? error.message : String(error) }));
  }
}

async function crawl(page: string): Promise<Recording[]> {
  const response = await fetch(page, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(`${page} answered ${response.status}`);
  const html = await response.text();
  return [...html.matchAll(/<a\s[^>]*href="([^"]+\.mp3)"[^>]*>([^<]*)<\/a>/g)].map(([, link = "", title = ""]) => ({
    title: title.trim(),
    url: new URL(link, page).href,
  }));
}

process.on("SIGTERM", () => process.exit(0));
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
