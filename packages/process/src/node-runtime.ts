import { compileCacheEnvironment } from "./compile-cache.ts";

/**
 * How we run programs with Node, the parts of the system as well as services that are scripts: options of Node before the script, and what is added to its environment.
 *
 * By default the young generation of a heap grows to 32 MiB while 10,000 connections are opened and is not given back, and each thread of the C library may keep memory of its own. Four
 * MiB and two arenas take 48 MB off such a process, from 196 to 148 MB with its connections, and cost the server of an echo at 8×32 nothing that can be measured. Its
 * client, whose 256 outstanding calls are copied more often, takes 9,650 instead of 8,720 instructions a call and 3.6 instead of 3.3 µs (medians of five, load 14–20). Eight MiB would be 9,040 instructions and 3.0 µs, but 149 MB
 * where 150 is the goal, beside 143. With the kept compiled code the stripper of types is not loaded, 27 MB more (`npm run bench -- memory`). A server with 500 agents takes 60 MiB less
 * (`npm run bench -- distribution`).
 */
export const nodeFlags: readonly string[] = ["--enable-source-maps", "--max-semi-space-size=4"];

/** See {@link nodeFlags}. */
export function nodeEnvironment(): Record<string, string> {
  return { MALLOC_ARENA_MAX: "2", ...compileCacheEnvironment() };
}
