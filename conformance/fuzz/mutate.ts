import type { Random } from "./random.ts";

const interestingBytes = [0, 1, 2, 0x0a, 0x28, 0x29, 0x7f, 0x80, 0xff] as const;
/** Numbers at which parsers go wrong, as big-endian words and as varints. */
const interestingNumbers = [
  0, 1, 0x7f, 0x80, 0xffff, 0x10000, 0x40_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
] as const;
const interestingVarints = [
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
] as const;
const maxBytes = 256 * 1024;

/**
 * A valid input with up to six damages: bytes changed, inserted, removed, doubled many times over, cut, spliced with another input; words and
 * varints replaced by numbers at which parsers go wrong; and a length-delimited field's length made to disagree with what follows.
 */
export function mutate(input: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: number[] = Array.from(input);
  for (let i = random.below(6) + 1; i > 0; i--) {
    bytes = damage(bytes, others, random);
    if (bytes.length > maxBytes) {
      bytes.length = maxBytes;
    }
  }
  return Uint8Array.from(bytes);
}

function damage(bytes: number[], others: readonly Uint8Array[], random: Random): number[] {
  const at = random.below(bytes.length + 1);
  switch (random.below(11)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.pick(interestingBytes);
      return bytes;
    case 2:
      bytes.splice(at, 0, random.below(256));
      return bytes;
    case 3:
      bytes.splice(at, 1 + random.below(8));
      return bytes;
    case 4:
      return bytes.slice(0, at);
    case 5: {
      const part = bytes.slice(at, at + 1 + random.below(32));
      const times = random.below(8) === 0 ? random.below(2_000) : random.below(4);
      return [...bytes.slice(0, at), ...Array.from({ length: times }, () => part).flat(), ...bytes.slice(at)];
    }
    case 6: {
      const other = random.pick(others);
      return [...bytes.slice(0, at), ...other.subarray(random.below(other.length + 1))];
    }
    case 7: {
      const word = random.pick(interestingNumbers);
      bytes.splice(at, 4, (word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
      return bytes;
    }
    case 8:
      bytes.splice(at, 1, ...random.pick(interestingVarints));
      return bytes;
    case 9: {
      // One byte up or down: most often a length that no longer fits.
      if (at < bytes.length) bytes[at] = (bytes[at]! + (random.below(2) === 0 ? 1 : 255)) & 255;
      return bytes;
    }
    default: {
      const end = Math.min(bytes.length, at + 1 + random.below(16));
      const part = bytes.slice(at, end).reverse();
      bytes.splice(at, part.length, ...part);
      return bytes;
    }
  }
}
