/** What of the list's filter is in the address. */
export interface AlarmsSearch {
  /** Alarms that ended. */
  readonly history?: true;
  readonly service?: string;
  /** Id of a rule: each of its alarms. */
  readonly rule?: string;
  /** 2 warning, 3 critical. */
  readonly severity?: 2 | 3;
  readonly unacknowledged?: true;
  /** Folded ones too. */
  readonly folded?: true;
}

/** Reads the list's filter from an address; what is not understood is left out. */
export function parseAlarmsSearch(search: Record<string, unknown>): AlarmsSearch {
  // An id of digits only arrives as a number.
  const { service, severity, rule } = search;
  return {
    ...(search.history === true ? { history: true } : {}),
    ...(typeof service === "string" && service !== "" ? { service } : {}),
    ...((typeof rule === "string" && rule !== "") || typeof rule === "number" ? { rule: String(rule) } : {}),
    ...(severity === 2 || severity === 3 ? { severity } : {}),
    ...(search.unacknowledged === true ? { unacknowledged: true } : {}),
    ...(search.folded === true ? { folded: true } : {}),
  };
}

/** Reads which rule or channel is edited: its id, or `new`. */
export function parseEditSearch(search: Record<string, unknown>): { edit?: string } {
  // An id of digits only arrives as a number.
  const { edit } = search;
  return typeof edit === "string" || typeof edit === "number" ? { edit: String(edit) } : {};
}
