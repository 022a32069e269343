/**
 * The system's code of an error thrown by Node (`ENOENT`, `EACCES`, …).
 *
 * @returns `undefined` for errors that carry none
 */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
