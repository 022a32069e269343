import { maxUtf8Bytes, utf8Write } from "./node-buffer.ts";
import { varint32Size } from "./varint.ts";
import type { Writer } from "./writer.ts";

const encoder = new TextEncoder();

/** Up to this many characters a loop over char codes is quicker than a call into the engine's encoder. */
const loopMaxChars = utf8Write === undefined ? 48 : 24;

/** From this many characters on, finding out how many bytes they take costs less than reserving too much. */
const measuredFromChars = 4096;

/**
 * Write text as UTF-8 with its length in front.
 *
 * Short ASCII (nearly every name, key and id) goes byte by byte without leaving JavaScript; the rest through the
 * engine's encoder, with the length's size guessed from the number of characters.
 */
export function writeUtf8(writer: Writer, text: string): void {
  const length = text.length;
  if (length <= loopMaxChars) {
    writer.ensure(length + 1);
    const bytes = writer.bytes;
    const start = writer.position + 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[start + i] = code;
    }
    if (i === length) {
      bytes[start - 1] = length;
      writer.position = start + length;
      return;
    }
  }
  writeWithEncoder(writer, text);
}

function writeWithEncoder(writer: Writer, text: string): void {
  const prefixBytes = varint32Size(text.length);
  // A UTF-16 code unit takes at most three bytes of UTF-8. Long text is measured: room for three times a megabyte is no trifle.
  writer.ensure((text.length > measuredFromChars ? maxUtf8Bytes(text) : text.length * 3) + 5);
  const start = writer.beginLengthDelimited(prefixBytes);
  writer.position +=
    utf8Write === undefined
      ? encoder.encodeInto(text, writer.bytes.subarray(start)).written
      : utf8Write.call(writer.bytes, text, start, writer.bytes.length - start);
  writer.endLengthDelimited(start, prefixBytes);
}
