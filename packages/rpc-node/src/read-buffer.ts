// All connections of a process that can (clients, and servers through `readIntoSharedBuffer`) read into one buffer: Node calls back synchronously for each read, and what a frame
// still lacks is copied out before the callback returns. In the prototypes ≈ +25 % at 1 x 1 and 8 x 8
// against a fresh buffer for each read.
let shared: Uint8Array | undefined;

/** Bytes of one read at most. */
const readBytes = 256 * 1024;

/** The buffer that every such socket reads into. */
export function sharedReadBuffer(): Uint8Array {
  shared ??= new Uint8Array(readBytes);
  return shared;
}
