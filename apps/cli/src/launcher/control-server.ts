import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import {
  type ControlRequest,
  type ControlResponse,
  controlRequestMaxBytes,
  parseControlRequest,
} from "./control-protocol.ts";

/**
 * Listen on the launcher's socket (0600) and answer requests.
 *
 * @param path  a socket that a dead launcher left there is removed; the caller knows that no launcher is alive
 */
export async function listenForControl(
  path: string,
  handle: (request: ControlRequest) => Promise<ControlResponse>,
): Promise<AsyncDisposable> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => socket.destroy()); // A client that went away needs no answer.
    answerFirstLine(socket, handle);
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerFirstLine(socket: Socket, handle: (request: ControlRequest) => Promise<ControlResponse>): void {
  let text = "";
  const answer = (response: ControlResponse) => socket.end(`${JSON.stringify(response)}\n`);
  const onData = (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const end = text.indexOf("\n");
    if (end < 0 && text.length <= controlRequestMaxBytes) return;
    socket.off("data", onData);
    const request = end < 0 ? undefined : parseControlRequest(text.slice(0, end));
    if (request === undefined) {
      answer({ ok: false, message: "expected one line of JSON with a command that the launcher knows" });
      return;
    }
    handle(request).then(answer, (error: unknown) =>
      answer({ ok: false, message: error instanceof Error ? error.message : String(error) }),
    );
  };
  socket.on("data", onData);
}
