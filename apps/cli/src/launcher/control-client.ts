import { createConnection } from "node:net";
import { isAlive, readRunRecord, socketPath, systemErrorCode, UserError } from "@msec/process";
import type { ControlRequest, ControlResponse } from "./control-protocol.ts";

/**
 * Ask the launcher for something.
 *
 * @returns `undefined` when no launcher runs on that state directory
 * @throws UserError when it refuses, or does not answer within `timeoutMs` (default 60_000)
 */
export async function askLauncher(
  state: string,
  request: ControlRequest,
  timeoutMs = 60_000,
): Promise<Extract<ControlResponse, { ok: true }> | undefined> {
  const record = readRunRecord(state, "launcher");
  if (record === undefined || !isAlive(record)) return undefined;
  const line = await exchange(socketPath(state, "launcher"), `${JSON.stringify(request)}\n`, timeoutMs);
  if (line === undefined) return undefined;
  const response = JSON.parse(line) as ControlResponse;
  if (!response.ok) throw new UserError(`launcher: ${response.message}`);
  return response;
}

async function exchange(path: string, text: string, timeoutMs: number): Promise<string | undefined> {
  return await new Promise((resolve, reject) => {
    let answer = "";
    const socket = createConnection(path, () => socket.write(text));
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new UserError(`the launcher did not answer for ${timeoutMs} ms`)),
    );
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("utf8")));
    socket.on("error", (error) => {
      const code = systemErrorCode(error);
      if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
    socket.on("close", () => (answer.endsWith("\n") ? resolve(answer) : resolve(undefined)));
  });
}
