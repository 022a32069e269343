import { uninitialized } from "./node-buffer.ts";
import { moveWords } from "./words.ts";

/**
 * Large enough to share its cost among a few hundred messages, small enough that one kept field does not keep much alive. What a slab costs, two or three
 * microseconds, is mostly asking for memory, giving it back and knowing of it meanwhile.
 */
const slabBytes = 32 * 1024;

/** Below this V8 keeps the bytes inside the object itself and allocates quicker than a slab can be shared. */
const minSharedBytes = 65;

const maxSharedBytes = 2048;

let slab: Uint8Array<ArrayBuffer> = new Uint8Array(0);
/** `slab.buffer`, which is a call into the engine; a tenth of a copy. */
let slabBuffer = slab.buffer;
/** Over the slab, and over the bytes that were copied from twice running: those of a connection's reads. */
let slabView = new DataView(slabBuffer);
let source: Uint8Array | undefined;
let sourceView: DataView | undefined;
let used = 0;

/** Up to this many bytes words are quicker than `set`, which needs a view of its source: 58 instead of 97 ns for 100 bytes, 45 of which are the view that is given. */
const maxWordBytes = 256;

/**
 * A copy of `bytes[start, start + length)`.
 *
 * From 65 bytes on a typed array of its own needs memory outside V8's heap: 430…800 ns for 100…250 bytes. Copies of 65…2,048 bytes are therefore
 * views of a shared buffer (100 ns), as Node's own `Buffer.from` does it. The price: whoever keeps such a field keeps
 * up to 32 KiB, and its `buffer` must not be transferred to another thread.
 */
export function copyBytes(bytes: Uint8Array, start: number, length: number): Uint8Array<ArrayBuffer> {
  if (length < minSharedBytes || length > maxSharedBytes) {
    return copyAlone(bytes, start, length);
  }
  // Also true after somebody did transfer the buffer: a detached slab has no length.
  if (used + length > slab.length) {
    // As Node does for its own pool of buffers: a view that is given shows only what was copied there.
    slab = uninitialized(slabBytes);
    slabBuffer = slab.buffer;
    slabView = new DataView(slabBuffer);
    used = 0;
  }
  const offset = used;
  // Kept at multiples of eight, so that a field can be looked at as Float64Array.
  used += (length + 7) & ~7;
  const view = length <= maxWordBytes ? viewOfSource(bytes) : undefined;
  if (view === undefined) {
    slab.set(bytes.subarray(start, start + length), offset);
  } else {
    moveWords(view, start, slabView, offset, length);
  }
  return new Uint8Array(slabBuffer, offset, length);
}

/** @returns `undefined` for bytes that are seen for the first time, of which perhaps nothing more is wanted */
function viewOfSource(bytes: Uint8Array): DataView | undefined {
  if (bytes !== source) {
    source = bytes;
    sourceView = undefined;
  } else if (sourceView === undefined) {
    sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return sourceView;
}

function copyAlone(bytes: Uint8Array, start: number, length: number): Uint8Array<ArrayBuffer> {
  // Clearing takes as long as copying.
  const copy = length > maxSharedBytes ? uninitialized(length) : new Uint8Array(length);
  // Up to 32 bytes a loop beats making a view for `set` (64 against 81 ns).
  if (length <= 32) {
    for (let i = 0; i < length; i++) {
      copy[i] = bytes[start + i]!;
    }
  } else {
    copy.set(bytes.subarray(start, start + length));
  }
  return copy;
}
