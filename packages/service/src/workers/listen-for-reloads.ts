import { chmodSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { prepareSocketPlace, RELOAD_REQUEST, type ReloadMessage, type ReloadResult } from "@msec/process/controller";

/** What is asked: does a reload, telling of each new worker that serves. */
export type Reload = (tell: (message: ReloadMessage) => void) => Promise<ReloadResult>;

const SOCKETS_MAX = 16;
const REQUEST_MS = 5_000;

/**
 * Does a reload for whoever asks at `path`, and tells how it goes; see `requestReload`. Whoever goes away meanwhile is not told, and the reload goes on.
 *
 * @throws UserError  the place cannot be trusted
 */
export function listenForReloads(path: string, reload: Reload): void {
  prepareSocketPlace(path);
  const server = createServer((socket) => answer(socket, reload));
  server.maxConnections = SOCKETS_MAX;
  // Serving matters more: without its socket a controller still reloads on SIGUSR2.
  server.on("error", () => {});
  server.listen(path, () => chmodSync(path, 0o600));
  server.unref();
}

function answer(socket: Socket, reload: Reload): void {
  let request = "";
  socket.on("error", () => socket.destroy());
  socket.setTimeout(REQUEST_MS, () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (request.length >= RELOAD_REQUEST.length) return;
    request += chunk.toString("latin1");
    if (request.length < RELOAD_REQUEST.length) return;
    if (request !== RELOAD_REQUEST) {
      socket.destroy();
      return;
    }
    socket.setTimeout(0);
    const tell = (message: ReloadMessage) => void socket.write(`${JSON.stringify(message)}\n`);
    void reload(tell).then((result) => {
      tell({ result });
      socket.end();
    });
  });
}
