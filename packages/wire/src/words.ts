// Names, ids and short fields are compared and copied eight bytes at a time: 45 bytes take 9 ns to compare and 13 to copy, four at a time 16 and 23, byte by byte
// 37 and 27. Optimized code makes no bigint of what is only moved or compared; until then it does. Worth nothing where a `DataView` must be made for it: who
// has none at hand takes the loop.

/** Some bytes, at least 4, that are compared with others or copied again and again. */
export class KnownWords {
  readonly view: DataView;
  /** In bytes; `DataView.byteLength` is a call. */
  readonly length: number;

  /** @param bytes  must not change any more */
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = bytes.length;
  }
}

/** Copy all of `known` to `to` from `at` on. */
export function copyWords(known: KnownWords, to: DataView, at: number): void {
  const { view, length } = known;
  if (length < 8) {
    to.setInt32(at, view.getInt32(0));
    to.setInt32(at + length - 4, view.getInt32(length - 4));
    return;
  }
  moveWords(view, 0, to, at, length);
}

/** Copy `length` bytes, at least 8, from one view to another that does not overlap it. */
export function moveWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  const last = length - 8;
  for (let i = 0; i < last; i += 8) {
    to.setBigInt64(at + i, from.getBigInt64(start + i, true), true);
  }
  // The last eight overlap the ones before where the length is no multiple of eight.
  to.setBigInt64(at + last, from.getBigInt64(start + last, true), true);
}

/** Whether `known` is what `view` has from `at` on; all of it must be inside. */
export function isSameWords(known: KnownWords, view: DataView, at: number): boolean {
  const { view: own, length } = known;
  if (length < 8) {
    return own.getInt32(0) === view.getInt32(at) && own.getInt32(length - 4) === view.getInt32(at + length - 4);
  }
  const last = length - 8;
  for (let i = 0; i < last; i += 8) {
    if (own.getBigInt64(i, true) !== view.getBigInt64(at + i, true)) {
      return false;
    }
  }
  return own.getBigInt64(last, true) === view.getBigInt64(at + last, true);
}

/**
 * The view over the bytes that were asked for last: connections read into one and the same buffer, so it is made once.
 *
 * Keeps that buffer alive, until the next one is asked for.
 */
export class LastView {
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Over the whole of `bytes`, with the same offsets. */
  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}
