import { type EventLoopUtilization, eventLoopUtilization } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// While thousands of connections are opened the young generation of the heap grows to its full size, and most of what each of them needed for its beginning is garbage that nobody collects as long as nothing
// more is allocated: a server that was started by hand kept 191-206 MB with 10,000 idle connections, of which 138-144 MB were left after one collection of the whole heap. V8 shrinks the heap of an idle
// process by itself, but only some seconds after such a collection, and an idle process makes none.
// The collection stops the process for about a tenth of a second, so it is made where nobody waits: when a second has passed in which next to nothing ran.
const defaults = { connections: 4_000, periodMs: 1_000, maxUtilization: 0.05 } as const;

/** Gives memory back when many connections have been opened and the process has nothing to do. One for each listener. */
export class IdleMemory {
  readonly #connections: number;
  readonly #periodMs: number;
  #opened = 0;
  #timer: NodeJS.Timeout | undefined;
  #since: EventLoopUtilization | undefined;

  /**
   * @param options.connections  after how many new ones the heap is worth collecting. Default 4,000
   * @param options.periodMs     how long the process must have been idle, in ms. Default 1,000
   */
  constructor(options: { readonly connections?: number; readonly periodMs?: number } = {}) {
    this.#connections = options.connections ?? defaults.connections;
    this.#periodMs = options.periodMs ?? defaults.periodMs;
  }

  /** A connection was opened. */
  opened(): void {
    this.#opened++;
    if (this.#opened >= this.#connections && this.#timer === undefined) {
      this.#since = eventLoopUtilization();
      this.#timer = setInterval(() => this.#collectIfIdle(), this.#periodMs);
      this.#timer.unref();
    }
  }

  /** The listener closes. */
  close(): void {
    clearInterval(this.#timer);
  }

  #collectIfIdle(): void {
    const now = eventLoopUtilization();
    const { utilization } = eventLoopUtilization(now, this.#since);
    this.#since = now;
    if (utilization > defaults.maxUtilization) {
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#opened = 0;
    collectAll();
  }
}

/** Collect the whole heap and give back what it no longer needs, as V8 does where memory runs out. */
function collectAll(): void {
  if (globalThis.gc) {
    globalThis.gc({ type: "major", flavor: "last-resort" });
    return;
  }
  // What `--expose-gc` makes is visible in contexts made afterwards, and in this one only.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", flavor: "last-resort" });
}
