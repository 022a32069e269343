import { compileCacheEnvironment } from "./compile-cache.ts";

/**
 * How the agent runs a service that is a script: options of Node before it, and what is added to its environment.
 *
 * By default the young generation of a heap grows to 32 MiB while 10,000 connections are opened and is not given back, and each thread of the C library may keep memory of its own. Four
 * MiB and two arenas take 48 MB off such a process, from 196 to 148 MB with its connections, and cost an echo at 8×32 nothing that can be measured; with the kept compiled code the
 * stripper of types is not loaded, 27 MB more (`npm run bench -- memory`).
 */
export const serviceNodeFlags: readonly string[] = ["--enable-source-maps", "--max-semi-space-size=4"];

/** See {@link serviceNodeFlags}. */
export function serviceEnvironment(): Record<string, string> {
  return { MALLOC_ARENA_MAX: "2", ...compileCacheEnvironment() };
}
