/** What a link to the list of requests restores. */
export interface RequestsSearch {
  /** Only requests that begin at this service; absent: all. */
  readonly service?: string;
  /** Only requests with a call that failed. */
  readonly failed?: true;
  /** How many, 50 unless more were asked for. */
  readonly limit?: number;
}

/** How many requests the list can show; the last is the most that the server gives. */
export const requestLimits = [50, 100, 200, 500] as const;

/** Reads the search parameters of the list of requests; what does not make sense is left out. */
export function parseRequestsSearch(search: Record<string, unknown>): RequestsSearch {
  const limits: readonly unknown[] = requestLimits.slice(1);
  return {
    ...(typeof search.service === "string" && search.service !== "" ? { service: search.service } : {}),
    ...(search.failed === true ? { failed: true } : {}),
    ...(limits.includes(search.limit) ? { limit: search.limit as number } : {}),
  };
}
