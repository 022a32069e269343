import { once } from "node:events";
import { createServer, type ListenOptions, type Server } from "node:net";

// Below what Linux gives to connections and to `listen(0)` (32768…60999), so that nobody gets it by chance before it is used.
const first = 20_000;
const count = 12_000;

/** Names that say which ports this process was given, until it ends. */
const claims: Server[] = [];

/**
 * A port of 127.0.0.1 that nobody listens on, for a program that is told its own.
 *
 * @returns 20_000…31_999, at random; no other call gives it while this process lives, in another process neither
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    // A socket without a file: its name belongs to the same network as the port does, and goes with the process.
    const claim = process.platform === "linux" ? await listenAt({ path: `\0msec-test-port-${port}` }) : createServer();
    if (claim === undefined) continue;
    const server = await listenAt({ port, host: "127.0.0.1" });
    if (server === undefined) {
      claim.close();
      continue;
    }
    claims.push(claim.unref());
    server.close();
    await once(server, "close");
    return port;
  }
}

/** @returns `undefined` where somebody else listens there */
async function listenAt(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}
