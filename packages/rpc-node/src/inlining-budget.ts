import { setFlagsFromString } from "node:v8";

// A call goes through many small functions in five packages, on each side. By default V8 puts at most 920 bytes of others' bytecode into a function that it optimizes, and
// none that has more than 460 itself, so calls between them remain, with values in memory and checks that the caller has already made.
// With these bounds, client and server in one process without sockets take 2,280 instead of 2,520 ns of processor time a call, the server's part alone 960 instead of 1,040 (means of the least of four
// alternating runs, load 13-24). Twice as much again brings another percent. What it costs is compiling more, once, in functions that are hot.
const flags = ["--max-inlined-bytecode-size=1000", "--max-inlined-bytecode-size-cumulative=3000"] as const;

let isWidened = false;

/**
 * Let V8 put more of the functions that a call goes through into one. Holds for the whole process, from the functions on that are optimized later; does something only the first time.
 *
 * Who says on Node's command line how much is to be inlined keeps that.
 */
export function widenInlining(): void {
  if (isWidened) {
    return;
  }
  isWidened = true;
  for (const flag of inliningFlags(process.execArgv)) {
    setFlagsFromString(flag);
  }
}

/** What is to be set where Node was started with these arguments; nothing where they speak of it, or of no optimizing at all. */
export function inliningFlags(nodeArguments: readonly string[]): readonly string[] {
  const isSaid = nodeArguments.some((word) =>
    /^--(no-?)?(max[-_](turbofan[-_])?inlin|turbo[-_]inlin|jitless|opt\b)/.test(word),
  );
  return isSaid ? [] : flags;
}
