import type { LogLine } from "@msec/api/console/v1/logs_pb.js";
import { useEffect, useState } from "react";
import { useApi } from "../../lib/api.ts";
import type { Filter } from "./queries.ts";

const WAIT_MS = 8_000;
const RETRY_MS = 2_000;
/** New lines that are kept; older ones are in the pages below when the page is read anew. */
const LINES_MAX = 5_000;

/**
 * Lines that arrive while the page is open, newest first.
 *
 * @param live  false: none are asked for; those that came stay
 */
export function useTail(filter: Filter, live: boolean): readonly LogLine[] {
  const api = useApi();
  const key = JSON.stringify(filter);
  const [tail, setTail] = useState<{ key: string; lines: readonly LogLine[] }>({ key, lines: [] });
  useEffect(() => {
    if (!live) return;
    const ending = new AbortController();
    const seen = new Set<string>();
    const follow = async () => {
      // From the moment at which the pages below end.
      for (let after = String(Math.floor(filter.toMs - 60_000)); !ending.signal.aborted; ) {
        try {
          const options = { signal: ending.signal, timeoutMs: WAIT_MS + 10_000 };
          const { lines, next } = await api.log.tailLogs({ filter, after, waitMs: WAIT_MS, limit: 1_000 }, options);
          // Paused while the answer was on its way: what is shown stands still.
          if (ending.signal.aborted) return;
          after = next;
          const fresh = lines.filter(({ id }) => !seen.has(id));
          for (const { id } of fresh) seen.add(id);
          if (fresh.length === 0) continue;
          setTail((old) => {
            const before = old.key === key ? old.lines : [];
            const known = new Set(before.slice(0, 2_000).map(({ id }) => id));
            const added = fresh.filter(({ id }) => !known.has(id)).reverse();
            // Arrival is not time: lines of one second come in any order.
            const lines = [...added, ...before].sort((a, b) => b.timeUs - a.timeUs);
            return { key, lines: lines.slice(0, LINES_MAX) };
          });
        } catch {
          // The pages' own query says what is wrong; this one tries again.
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    };
    void follow();
    return () => ending.abort();
  }, [api, key, live, filter]);
  return tail.key === key ? tail.lines : [];
}
