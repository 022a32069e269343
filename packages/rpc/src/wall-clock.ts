import { performance } from "node:perf_hooks";

// Durations come from the monotonic clock; records also want wall-clock time. `performance.timeOrigin` is fixed at start, so
// a process that runs for weeks would drift from a clock that is being corrected: the difference is measured anew each second.

let offsetMs = performance.timeOrigin;
let measuredMs = Number.NEGATIVE_INFINITY;

/** Microseconds since 1970 UTC of a moment of `performance.now()`. */
export function wallClockUs(monotonicMs: number): number {
  if (monotonicMs - measuredMs > 1000) {
    const nowMs = performance.now();
    const found = Date.now() - nowMs;
    // Date.now() has whole milliseconds: keep the finer value while it agrees.
    if (Math.abs(found - offsetMs) > 2) {
      offsetMs = found;
    }
    measuredMs = nowMs;
  }
  return Math.round((offsetMs + monotonicMs) * 1000);
}
