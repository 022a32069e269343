import { ProcessesService } from "@msec/api/agent/v1/processes_pb.js";
import { createClient } from "@msec/rpc";
import type { ControlLink } from "../control/control-link.ts";
import { waitForNewerServer } from "../control/older-server.ts";
import { sleep } from "../control/retry.ts";
import type { TopProcesses } from "./top-processes.ts";

const WAIT_MS = 25_000;
const ANSWER_MS = 10_000;

/** Tell the server of the host's processes while somebody looks, until the signal aborts; nobody does, nothing is read. */
export async function showProcesses(link: ControlLink, top: TopProcesses, signal: AbortSignal): Promise<void> {
  let isWanted = false;
  await link.repeat("asking whether somebody looks at the processes", signal, async (_client, call) => {
    const client = createClient(ProcessesService, call);
    try {
      if (isWanted) await sleep(top.prepare(), signal);
      const snapshot = isWanted ? top.take() : undefined;
      isWanted = false;
      const request = { waitMs: WAIT_MS, ...(snapshot && { snapshot }) };
      ({ isWanted } = await client.watchLookers(request, { timeoutMs: WAIT_MS + ANSWER_MS, signal }));
    } catch (error) {
      isWanted = false;
      await waitForNewerServer(error, signal);
    }
  });
}
