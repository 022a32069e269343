import { parseMoment } from "../../lib/own-range.ts";
import { CurveRange, rangeSteps } from "../call/curves-search.ts";
import { parseView } from "../request/diagram-view.ts";

/** What a link to the service map restores. */
export interface MapSearch {
  /** Default live: the last minute. */
  readonly range?: CurveRange;
  /** End of the range, milliseconds since 1970 UTC; absent: now, and moving. */
  readonly until?: number;
  /** Only what this service, or a first level, calls and is called by. */
  readonly service?: string;
  /** Only connections with failed calls. */
  readonly failed?: true;
  /** Only connections with so many calls a second. */
  readonly min?: number;
  /** What part of the diagram is seen, as `textOfView` writes it. */
  readonly view?: string;
}

const LIVE_SPAN_MS = 60_000;
/** Calls take that long from a process to the store: the newest seconds would look as if nobody called. */
const ARRIVAL_MS = 3_000;
const LIVE_POLL_MS = 2_000;

/** Reads the search parameters of the map; what does not make sense is left out. */
export function parseMapSearch(search: Record<string, unknown>): MapSearch {
  const { range, service, min, view } = search;
  const until = parseMoment(search.until);
  const known = Object.values(CurveRange).find((one) => one === range && one !== CurveRange.Live);
  return {
    ...(known === undefined ? {} : { range: known }),
    ...(until === undefined ? {} : { until }),
    ...(typeof service === "string" && service !== "" ? { service: service.slice(0, 256) } : {}),
    ...(search.failed === true ? { failed: true as const } : {}),
    ...(typeof min === "number" && min > 0 && min <= 1e9 ? { min } : {}),
    ...(typeof view === "string" && parseView(view) !== undefined ? { view } : {}),
  };
}

/** Milliseconds that the map looks at, and how often it asks again. */
export function mapSpan({ range = CurveRange.Live }: MapSearch): { spanMs: number; pollMs: number } {
  return range === CurveRange.Live ? { spanMs: LIVE_SPAN_MS, pollMs: LIVE_POLL_MS } : rangeSteps[range];
}

/** The range to ask for, milliseconds since 1970 UTC. @param nowMs the server's clock */
export function mapTimes(search: MapSearch, nowMs: number): { fromMs: number; toMs: number } {
  const toMs = search.until ?? nowMs - ARRIVAL_MS;
  return { fromMs: toMs - mapSpan(search).spanMs, toMs };
}

/**
 * The end of the range one range earlier or later.
 *
 * @returns undefined when that would be now or later: the map is live again
 */
export function shiftMap(search: MapSearch, direction: -1 | 1, nowMs: number): number | undefined {
  const { spanMs } = mapSpan(search);
  const end = Math.floor((search.until ?? nowMs) / 60_000) * 60_000 + direction * spanMs;
  return end >= nowMs - 60_000 ? undefined : end;
}
