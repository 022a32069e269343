/** What a link to the list of requests restores. */
export interface RequestsSearch {
  /** Only requests that begin at this service; absent: all. */
  readonly service?: string;
  /** Only requests with a call that failed. */
  readonly failed?: true;
  /** Only requests with a call of this method. */
  readonly method?: string;
  /** Only requests of this range, milliseconds since 1970 UTC; both or neither. */
  readonly from?: number;
  readonly to?: number;
  /** The slowest of the range first; absent: the newest. */
  readonly order?: "slowest";
  /** How many, 50 unless more were asked for. */
  readonly limit?: number;
}

/** How many requests the list can show; the last is the most that the server gives. */
export const requestLimits = [50, 100, 200, 500] as const;

/** Reads the search parameters of the list of requests; what does not make sense is left out. */
export function parseRequestsSearch(search: Record<string, unknown>): RequestsSearch {
  const limits: readonly unknown[] = requestLimits.slice(1);
  const { from, to } = search;
  const isRange =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number(from) > 0 && Number(to) > Number(from);
  return {
    ...(typeof search.service === "string" && search.service !== "" ? { service: search.service } : {}),
    ...(search.failed === true ? { failed: true } : {}),
    ...(typeof search.method === "string" && search.method !== "" ? { method: search.method } : {}),
    ...(isRange ? { from: from as number, to: to as number } : {}),
    ...(isRange && search.order === "slowest" ? { order: "slowest" as const } : {}),
    ...(limits.includes(search.limit) ? { limit: search.limit as number } : {}),
  };
}
