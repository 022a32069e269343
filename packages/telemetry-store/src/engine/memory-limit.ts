const MOST_MIB = 900;
/** Below it the engine refuses what it needs itself. */
const LEAST_MIB = 300;

/**
 * The memory that the engine takes unless told otherwise: 900 MiB, in a container or unit with a limit half of that, since whoever started the engine lives there too. Beyond its own limit
 * it refuses a statement; beyond the container's the kernel kills it, with all statements.
 *
 * @param constrainedBytes  `process.constrainedMemory()`: 0 or more than any machine has where nothing is limited
 * @returns MiB, 300…900
 */
export function defaultMemoryMiB(constrainedBytes: number): number {
  if (!(constrainedBytes > 0)) return MOST_MIB;
  return Math.max(LEAST_MIB, Math.min(MOST_MIB, Math.floor(constrainedBytes / 2 / 1024 ** 2)));
}
