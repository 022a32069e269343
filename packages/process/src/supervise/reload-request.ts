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

/** A controller that does not know the request, or a line that is longer, is none of ours. */
export const RELOAD_LINE_MAX_BYTES = 65_536;

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
 * @throws UserError  somebody else's socket, no answer in time, or the controller ended before its answer
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
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line) as ReloadMessage;
      if ("ready" in message) onReady(message.ready);
      else resolve(message.result);
    }
    if (text.length > RELOAD_LINE_MAX_BYTES)
      socket.destroy(new UserError(`${path} does not speak as a controller does`));
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
