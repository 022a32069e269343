/**
 * Whether two states of an address differ in nothing but some keys: a change of those is not worth a step back in the browser's history.
 *
 * @param keys  names of search parameters
 */
export function changesOnly<Search extends object>(
  before: Search,
  after: Search,
  keys: readonly (keyof Search)[],
): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Search & string>;
  return [...names].every(
    (name) => keys.includes(name) || JSON.stringify(before[name]) === JSON.stringify(after[name]),
  );
}
