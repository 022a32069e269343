import { WireError, WireReason } from "./wire-error.ts";

// A leading U+FEFF of a protobuf string is text, not a byte-order mark.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Up to this many bytes, collecting char codes is quicker than a call into the engine's decoder. */
const loopMaxBytes = 32;

/**
 * Text of `bytes[start, end)`; invalid UTF-8 becomes U+FFFD.
 *
 * The caller has checked the bounds.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return decodeShortAscii(bytes, start, end) ?? lenient.decode(bytes.subarray(start, end));
}

/**
 * Text of `bytes[start, end)`, which must be valid UTF-8.
 *
 * @throws WireError BadUtf8
 */
export function decodeStrictText(bytes: Uint8Array, start: number, end: number): string {
  const short = decodeShortAscii(bytes, start, end);
  if (short !== undefined) {
    return short;
  }
  try {
    return strict.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new WireError(WireReason.BadUtf8, `a string of ${end - start} bytes is not valid UTF-8`, { cause });
  }
}

function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > loopMaxBytes) {
    return undefined;
  }
  const codes = new Array<number>(length);
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    if (byte > 0x7f) {
      return undefined;
    }
    codes[i] = byte;
  }
  return String.fromCharCode.apply(undefined, codes);
}
