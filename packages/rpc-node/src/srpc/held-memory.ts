// Of a frame that comes in several reads, the memory is asked for and given back for each such frame, and a typed array of its own costs more than its bytes: what V8 knows of it outside its heap
// makes it collect everything again and again. So what is given back is kept for the next such frame, of whichever connection, in sizes of powers of two.

const leastBytes = 4 * 1024;
const mostBytes = 8 * 1024 * 1024;
/** All that is kept together. */
const keptBytes = 8 * 1024 * 1024;

const free = new Map<number, Uint8Array[]>();
let freeBytes = 0;

/** Memory of at least so many bytes, at most twice as many, or 4 KiB; with whatever was there before. Give it back with `returnHeld`, or forget it. */
export function takeHeld(bytes: number): Uint8Array {
  if (bytes > mostBytes) {
    return Buffer.allocUnsafeSlow(bytes);
  }
  const size = Math.max(leastBytes, 2 ** Math.ceil(Math.log2(bytes)));
  const kept = free.get(size)?.pop();
  if (kept === undefined) {
    return Buffer.allocUnsafeSlow(size);
  }
  freeBytes -= size;
  return kept;
}

/** Nothing refers to this memory any more. */
export function returnHeld(memory: Uint8Array): void {
  const size = memory.length;
  if (size > mostBytes || freeBytes + size > keptBytes) {
    return;
  }
  freeBytes += size;
  const kept = free.get(size);
  if (kept === undefined) {
    free.set(size, [memory]);
  } else {
    kept.push(memory);
  }
}
