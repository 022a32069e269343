import { setFlagsFromString } from "node:v8";

interface EngineFlags {
  /** Who says one of these on Node's command line has thought about it and keeps that. */
  readonly saidBy: RegExp;
  readonly flags: readonly string[];
}

// A call goes through many small functions in five packages, on each side. By default V8 puts at most 920 bytes of others' bytecode into a function that it optimizes, and
// none that has more than 460 itself, so calls between them remain, with values in memory and checks that the caller has already made.
// With these bounds, client and server in one process without sockets take 2,280 instead of 2,520 ns of processor time a call, the server's part alone 960 instead of 1,040 (means of the least of four
// alternating runs, load 13-24). Twice as much again brings another percent. What it costs is compiling more, once, in functions that are hot.
const inlining: EngineFlags = {
  saidBy: /^--(no-?)?(max[-_](turbofan[-_])?inlin|turbo[-_]inlin|jitless|opt\b)/,
  flags: ["--max-inlined-bytecode-size=1000", "--max-inlined-bytecode-size-cumulative=3000"],
};

// V8 makes objects old from birth where those of the same line of code have mostly survived so far. In a server that is wrong after a start, or a lull, of which everything survived: from then on
// what such an object refers to, the whole of a call, outlives every collection of the young generation. HTTP+JSON at 64 connections with one call each: 130,000 instead of 88,000 instructions a
// call, and standstills of 50 ms instead of 3 (load 15-30). Nothing here lives long enough for the copying that V8 spares to be seen.
const pretenuring: EngineFlags = {
  saidBy: /^--(no-?)?allocation[-_]site[-_]pretenuring/,
  flags: ["--no-allocation-site-pretenuring"],
};

let isSet = false;

/** Set V8 up for many short calls. Holds for the whole process, from then on; does something only the first time. */
export function setEngineFlags(): void {
  if (isSet) {
    return;
  }
  isSet = true;
  for (const flag of engineFlags(process.execArgv)) {
    setFlagsFromString(flag);
  }
}

/** What is to be set where Node was started with these arguments. */
export function engineFlags(nodeArguments: readonly string[]): readonly string[] {
  return [inlining, pretenuring].flatMap(({ saidBy, flags }) =>
    nodeArguments.some((word) => saidBy.test(word)) ? [] : flags,
  );
}
