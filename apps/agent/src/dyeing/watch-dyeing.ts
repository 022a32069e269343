import { DyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { createClient } from "@msec/rpc";
import type { ControlLink } from "../control/control-link.ts";
import { waitForNewerServer } from "../control/older-server.ts";
import type { HeldRules } from "./held-rules.ts";

const WAIT_MS = 25_000;
const ANSWER_MS = 10_000;

/** Keep the dye rules up with the server's until the signal aborts. Each request acknowledges what is applied. */
export async function watchDyeing(link: ControlLink, rules: HeldRules, signal: AbortSignal): Promise<void> {
  await link.repeat("asking for dye rules", signal, async (_client, call) => {
    const client = createClient(DyeingService, call);
    try {
      const request = { appliedVersion: rules.version, waitMs: WAIT_MS };
      rules.apply(await client.watchDyeing(request, { timeoutMs: WAIT_MS + ANSWER_MS, signal }));
    } catch (error) {
      await waitForNewerServer(error, signal);
    }
  });
}
