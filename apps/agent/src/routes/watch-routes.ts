import type { Log } from "@msec/process";
import type { ControlLink } from "../control/control-link.ts";
import { sleep } from "../control/retry.ts";
import type { RouteTables } from "./route-tables.ts";

/** How long the server may hold a poll, milliseconds. */
const WAIT_MS = 25_000;
/** How much longer than that the answer may take. */
const ANSWER_MS = 10_000;
/** After an answer that was refused: the server would give it again at once. */
const REFUSED_PAUSE_MS = 5_000;

/** Keep the route tables up with the server's until the signal aborts. Each request acknowledges what is applied. */
export async function watchRoutes(
  link: ControlLink,
  tables: RouteTables,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  await link.repeat("asking for routes", signal, async (client) => {
    const appliedVersion = tables.appliedVersion;
    const request = { appliedVersion, waitMs: tables.known ? WAIT_MS : 0, acceptsDeltas: true };
    const answer = await client.watchRoutes(request, { timeoutMs: request.waitMs + ANSWER_MS, signal });
    const before = tables.version;
    if (!(await tables.apply({ ...answer, isFull: appliedVersion === 0n }))) {
      await sleep(REFUSED_PAUSE_MS, signal);
    } else if (tables.version !== before) {
      log.debug("routes applied", {
        version: String(tables.version),
        tables: answer.tables.length + answer.deltas.length,
      });
    }
  });
}
