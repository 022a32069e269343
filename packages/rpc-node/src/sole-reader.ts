import { busyWait } from "@msec/rpc";
import type { SocketOutput } from "./socket-output.ts";

// Whether to wait for the end of the turn with a write depends on what else the turn brings. Who reads twice running is, for now, the only one
// that reads: nothing is gained by waiting, and the wait (an immediate, its phase of the loop) is a tenth of the way at one call at a time. Among several
// connections one write each at the end of the turn lets the other side take them all at once, 1.8 times as quick at 64 x 1 (prototypes).
let lastReader: SocketOutput | undefined;
let readerBefore: SocketOutput | undefined;

/**
 * A connection begins to take a read: where it is the only one that reads, what the read causes goes out as soon as its
 * microtasks have run, else at the end of the turn.
 */
export function beginRead(output: SocketOutput): void {
  if (lastReader === output) {
    busyWait.read();
    output.collect();
    process.nextTick(endRead, output);
    return;
  }
  // Two that take turns are a caller and whom its request is passed on to.
  if (readerBefore === output) {
    busyWait.read();
  } else {
    busyWait.crowd();
  }
  readerBefore = lastReader;
  lastReader = output;
}

function endRead(output: SocketOutput): void {
  output.flushCollected();
}
