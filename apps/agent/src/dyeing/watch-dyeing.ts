import { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { Code, createClient, RpcError } from "@msec/rpc";
import type { ControlLink } from "../control/control-link.ts";
import { sleep } from "../control/retry.ts";
import type { HeldRules } from "./held-rules.ts";

const WAIT_MS = 25_000;
const ANSWER_MS = 10_000;
/** A server that does not know the method may be replaced by one that does. */
const UNIMPLEMENTED_MS = 60_000;

/** Keep the dye rules up with the server's until the signal aborts. Each request acknowledges what is applied. */
export async function watchDyeing(link: ControlLink, rules: HeldRules, signal: AbortSignal): Promise<void> {
  await link.repeat("asking for dye rules", signal, async (_client, call) => {
    const client = createClient(DyeingService, call);
    try {
      const request = { appliedVersion: rules.version, waitMs: WAIT_MS };
      rules.apply(await client.watchDyeing(request, { timeoutMs: WAIT_MS + ANSWER_MS, signal }));
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== Code.Unimplemented) throw error;
      await sleep(UNIMPLEMENTED_MS, signal);
    }
  });
}
