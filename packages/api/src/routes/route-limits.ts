/** Most routes of one table. */
export const ROUTES_MAX = 10_000;
/** Most route tables of a cluster. */
export const ROUTE_TABLES_MAX = 20_000;
/** Most characters of a zone's name. */
export const ZONE_MAX = 64;
/** Most overridden constants of one routing policy. */
export const POLICY_CONSTANTS_MAX = 64;

/** Whether a text is the name of a zone, or empty for none: at most 64 letters, digits and `._-`. */
export function isZone(text: string): boolean {
  return /^[A-Za-z0-9._-]{0,64}$/.test(text);
}
