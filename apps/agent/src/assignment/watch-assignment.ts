import type { Assignment } from "@msec/api/agent/v1/control_pb.js";
import type { Log } from "@msec/process";
import type { ControlLink } from "../control/control-link.ts";
import { sleep } from "../control/retry.ts";
import type { AssignmentStore } from "./assignment-store.ts";

const WAIT_MS = 25_000;
const ANSWER_MS = 10_000;
const REFUSED_PAUSE_MS = 5_000;

/** Keep the assignment up with the server's until the signal aborts; `onChange` gets each new one, which is on disk by then. */
export async function watchAssignment(
  link: ControlLink,
  store: AssignmentStore,
  log: Log,
  signal: AbortSignal,
  onChange: (assignments: readonly Assignment[]) => void,
): Promise<void> {
  await link.repeat("asking for the assignment", signal, async (client) => {
    const request = { appliedVersion: store.version, waitMs: WAIT_MS };
    const answer = await client.watchAssignment(request, { timeoutMs: WAIT_MS + ANSWER_MS, signal });
    if (await store.apply(answer.version, answer.assignments, answer.replaceAll)) {
      log.info("assignment applied", { version: String(store.version), instances: store.assignments.length });
      onChange(store.assignments);
    } else if (answer.version < store.version) {
      log.error("the server's assignment is older than ours and was refused", {
        ours: String(store.version),
        theirs: String(answer.version),
      });
      await sleep(REFUSED_PAUSE_MS, signal);
    }
  });
}
