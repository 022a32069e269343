import { compileCacheEnvironment } from "./compile-cache.ts";

/**
 * How we run programs with Node, the parts of the system as well as services that are scripts: options of Node before the script, and what is added to its environment.
 *
 * By default the young generation of a heap grows to 32 MiB while 10,000 connections are opened and is not given back, and each thread of the C library may keep memory of its own. Four
 * MiB and two arenas take 48 MB off such a process, from 196 to 148 MB with its connections, and cost the server of an echo at 8×32 nothing that can be measured (its client's calls
 * took 3.2 instead of 2.2 µs in one comparison on a busy machine); with the kept compiled code the
 * stripper of types is not loaded, 27 MB more (`npm run bench -- memory`). A server with 500 agents takes 60 MiB less
 * (`npm run bench -- distribution`).
 */
export const nodeFlags: readonly string[] = ["--enable-source-maps", "--max-semi-space-size=4"];

/** See {@link nodeFlags}. */
export function nodeEnvironment(): Record<string, string> {
  return { MALLOC_ARENA_MAX: "2", ...compileCacheEnvironment() };
}
