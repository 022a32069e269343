import { Writer } from "@msec/wire";

// A connection holds a writer only in the turns in which it has output, so 10,000 idle ones hold none. Memory that one large
// answer made grow is not kept.
const pool: Writer[] = [];
const maxPooled = 64;
const initialBytes = 16 * 1024;
const maxKeptBytes = 256 * 1024;

/** An empty writer. Give it back with `returnWriter` when nothing refers to its memory any more, else forget it. */
export function takeWriter(): Writer {
  return pool.pop() ?? new Writer({ initialBytes });
}

/** Keep a writer for the next `takeWriter`. */
export function returnWriter(writer: Writer): void {
  if (pool.length < maxPooled && writer.bytes.length <= maxKeptBytes) {
    writer.reset();
    pool.push(writer);
  }
}
