import { Writer } from "@msec/wire";

// A connection holds a writer only in the turns in which it has output, so 10,000 idle ones hold none. Memory that large answers made grow is kept too, as far as
// it goes: asking for it anew each time makes V8 collect everything again and again.
const pool: Writer[] = [];
const maxPooled = 64;
const initialBytes = 16 * 1024;
const maxPooledBytes = 8 * 1024 * 1024;
let pooledBytes = 0;

/** An empty writer. Give it back with `returnWriter` when nothing refers to its memory any more, else forget it. */
export function takeWriter(): Writer {
  const writer = pool.pop();
  if (writer === undefined) {
    return new Writer({ initialBytes });
  }
  pooledBytes -= writer.bytes.length;
  return writer;
}

/** Keep a writer for the next `takeWriter`. */
export function returnWriter(writer: Writer): void {
  const bytes = writer.bytes.length;
  if (pool.length < maxPooled && pooledBytes + bytes <= maxPooledBytes) {
    pooledBytes += bytes;
    writer.reset();
    pool.push(writer);
  }
}
