// Names and ids are compared and copied four bytes at a time: 45 bytes take 12 ns to compare and 12 to copy, byte by byte 37 and 27 (226 and 186
// instructions instead of 658 and 456). `Uint8Array.set` of an array of its own takes 17. Worth nothing where a `DataView` must be made for it: who
// has none at hand takes the loop. Eight at a time (`getBigInt64`) would take 10, but makes a bigint each time until the code is optimized.

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
  const { view } = known;
  const last = known.length - 4;
  for (let i = 0; i < last; i += 4) {
    to.setInt32(at + i, view.getInt32(i));
  }
  // The last four overlap the ones before where the length is no multiple of four.
  to.setInt32(at + last, view.getInt32(last));
}

/** Whether `known` is what `view` has from `at` on; all of it must be inside. */
export function isSameWords(known: KnownWords, view: DataView, at: number): boolean {
  const own = known.view;
  const last = known.length - 4;
  for (let i = 0; i < last; i += 4) {
    if (own.getInt32(i) !== view.getInt32(at + i)) {
      return false;
    }
  }
  return own.getInt32(last) === view.getInt32(at + last);
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
