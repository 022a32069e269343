import { compileCacheEnvironment } from "./compile-cache.ts";

/**
 * Node's own options, before the script, for every program that we start: the parts of the system, and services that are scripts.
 *
 * By default the young generation of the heap grows to 32 MiB while 10,000 connections are opened, and is not given back; each thread of the C library may keep memory
 * of its own (`nodeEnvironment`). Four MiB and two arenas take 48 MB off such a process (`npm run bench -- memory`) and 60 MiB off a server with 500 agents
 * (`npm run bench -- distribution`). The server of an echo at 8×32 loses nothing by it that can be measured; its client, whose 256 outstanding calls are copied more
 * often, a tenth. Eight MiB would cost the client less, and leave no room below the goal of 150 MB.
 */
export const nodeFlags: readonly string[] = ["--enable-source-maps", "--max-semi-space-size=4"];

/** What is added to the environment of such a program: fewer arenas of memory, and kept compiled code, which also saves the 27 MB of the type stripper. */
export function nodeEnvironment(): Record<string, string> {
  return { MALLOC_ARENA_MAX: "2", ...compileCacheEnvironment() };
}
