import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A clock for processes of a test, every one of their clocks and timers, that may be made to run faster. */
export interface TestClock {
  /** What a process that is to have it needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same as a shell has it: `NAME=value NAME=value`. */
  readonly assignments: string;
  /**
   * So many seconds pass in one from now on. Processes take it over within a second, each as if it had run at this pace from its own start: a leap
   * ahead for those that run already.
   */
  setPace(pace: number): void;
}

/** Why clocks cannot be changed here; `undefined` where they can. */
export function whyNoClock(): string | undefined {
  return spawnSync("faketime", ["-f", "+0", "true"]).error ? "needs Debian's faketime" : undefined;
}

/** Make a clock that runs as the machine's does. @param directory  where its file is to be */
export function createClock(directory: string): TestClock {
  const file = join(directory, "clock");
  const setPace = (pace: number) => writeFileSync(file, `+0 x${pace}\n`);
  setPace(1);
  // The command knows where its library is; a process that is started by it has its pace for ever.
  const library = spawnSync("faketime", ["-f", "+0", "printenv", "LD_PRELOAD"], { encoding: "utf8" }).stdout.trim();
  const environment = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1" };
  const assignments = Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  return { environment, assignments, setPace };
}
