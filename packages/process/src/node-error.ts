/**
 * The system's code of an error thrown by Node (`ENOENT`, `EACCES`, …).
 *
 * @returns `undefined` for errors that carry none
 */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether an error of the file system says that there is no room: the disk is full, or what this user may have of it. */
export function isOutOfSpace(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
