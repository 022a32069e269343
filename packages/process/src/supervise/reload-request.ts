import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../node-error.ts";
import { assertTrustedSocket } from "../state/private-socket.ts";
import { UserError } from "../user-error.ts";

/** A worker that took the place of another. */
export type ReplacedWorker = { readonly worker: number; readonly pid: number; readonly before: number };

/** How a reload ended. After a failure the old workers go on. */
export type ReloadResult =
  | { readonly ok: true; readonly workers: readonly ReplacedWorker[]; readonly tookMs: number }
  | { readonly ok: false; readonly reason: string; readonly tookMs: number };

/** One line of what a controller says of a reload: a new worker that serves (of so many), or, last, the result. */
export type ReloadMessage =
  | { readonly ready: { readonly worker: number; readonly pid: number; readonly of: number } }
  | { readonly result: ReloadResult };

/** The longest line that a controller writes, in characters: whoever writes a longer one is no controller. */
const LINE_MAX_CHARACTERS = 65_536;

/** What is sent to ask for a reload: one line. */
export const RELOAD_REQUEST = "reload\n";

/**
 * Where the controller of an instance's workers listens for reloads: a unix socket (0600) beside the agent's.
 *
 * Every part computes the same path; a short one, since the agent's own may be near the 107 bytes that the kernel takes.
 *
 * @param agentPath  the agent's unix socket
 */
export function reloadSocketPath(agentPath: string, instanceId: string): string {
  return join(dirname(agentPath), `w-${instanceId.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 12)}.sock`);
}

/**
 * Have the controller at `path` replace its workers, and wait for how that ends.
 *
 * @param onReady    hears of each new worker that serves
 * @param timeoutMs  default 120_000: a start may take 30 s, an old worker 16 s to finish
 * @returns `undefined` where nobody listens: the instance has no controller, or is not started
 * @throws UserError  somebody else's socket, no answer in time, something that is no answer, or the controller ended before its answer
 */
export async function requestReload(
  path: string,
  onReady: (ready: { readonly worker: number; readonly pid: number; readonly of: number }) => void,
  timeoutMs = 120_000,
): Promise<ReloadResult | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ReloadResult | undefined>();
  const socket = createConnection(path);
  const timer = setTimeout(
    () =>
      socket.destroy(new UserError(`the controller did not say within ${timeoutMs / 1_000} s how the reload ended`)),
    timeoutMs,
  );
  let text = "";
  socket.on("connect", () => {
    try {
      assertTrustedSocket(path);
      socket.write(RELOAD_REQUEST);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    const messages = lines.map(readMessage);
    if (text.length > LINE_MAX_CHARACTERS || messages.includes(undefined)) {
      socket.destroy(new UserError(`${path} does not answer as a controller of workers does`));
      return;
    }
    for (const message of messages as ReloadMessage[]) {
      if ("ready" in message) onReady(message.ready);
      else resolve(message.result);
    }
  });
  socket.on("error", (error) => {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
    else reject(error);
  });
  socket.on("close", () => reject(new UserError("the controller ended before the reload did")));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** @returns `undefined` for a line that is no message */
function readMessage(line: string): ReloadMessage | undefined {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== "object" || message === null) return undefined;
    return "ready" in message || "result" in message ? (message as ReloadMessage) : undefined;
  } catch {
    return undefined;
  }
}
