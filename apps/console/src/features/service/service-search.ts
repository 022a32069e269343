/** What a link to the page of a service restores. */
export interface ServiceSearch {
  /** The instances whose details are open, by id; at most 50. */
  readonly open?: readonly string[];
  /** Live curves that are switched off; at most 50. */
  readonly hide?: readonly string[];
}

const NAMES_MAX = 50;

/** Reads the search parameters of the page of a service; what does not make sense is left out. */
export function parseServiceSearch({ open, hide }: Record<string, unknown>): ServiceSearch {
  return withoutEmpty({ open: namesOf(open), hide: namesOf(hide) });
}

/** A search with a name more in one of its lists, or less where it is there. */
export function toggleName(search: ServiceSearch, list: keyof ServiceSearch, name: string): ServiceSearch {
  const names = search[list] ?? [];
  return withoutEmpty({
    ...search,
    [list]: names.includes(name) ? names.filter((one) => one !== name) : [...names, name],
  });
}

function namesOf(value: unknown): string[] {
  const isName = (name: unknown): name is string => typeof name === "string" && name.length <= 300;
  return Array.isArray(value) ? value.filter(isName).slice(0, NAMES_MAX) : [];
}

function withoutEmpty(search: ServiceSearch): ServiceSearch {
  return Object.fromEntries(Object.entries(search).filter(([, names]) => names.length > 0));
}
