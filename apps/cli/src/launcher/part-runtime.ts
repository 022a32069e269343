/**
 * How Node runs the parts of the system: they live long and do little. A small young generation, and few arenas of the C library, take 60 MiB off a server
 * with 500 agents (`npm run bench -- distribution`).
 */
export const partNodeFlags: readonly string[] = ["--enable-source-maps", "--max-semi-space-size=4"];

/** What goes with them in the environment. */
export const partEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: "2" };
