import { once } from "node:events";
import { createServer } from "node:net";

// Below what Linux gives to connections and to `listen(0)` (32768…60999), so that nobody gets it by chance before it is used.
const first = 20_000;
const count = 12_000;

/**
 * A port of 127.0.0.1 that nobody listens on, for a program that is told its own.
 *
 * @returns 20_000…31_999, at random: other tests look for some at the same time
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
