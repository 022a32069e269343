import { Code, RpcError } from "@msec/rpc";
import { sleep } from "./retry.ts";

/** A server that does not know a method may be replaced by one that does. */
const AGAIN_MS = 60_000;

/**
 * What to do where an exchange failed because the server is older than this agent and does not know the method: wait before it is asked again.
 *
 * @throws every other failure as it is
 */
export async function waitForNewerServer(error: unknown, signal: AbortSignal): Promise<void> {
  if (!(error instanceof RpcError) || error.code !== Code.Unimplemented) throw error;
  await sleep(AGAIN_MS, signal);
}
