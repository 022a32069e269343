/**
 * The `color_id` of a method: djb2 over its UTF-8 bytes, wrapped to an unsigned 32-bit integer, as the original's C++
 * framework computes it (h = 5381; h = h * 33 + c).
 */
export function colorIdFromMethod(method: string): number {
  let hash = 5381;
  for (const byte of new TextEncoder().encode(method)) {
    hash = (Math.imul(hash, 33) + byte) >>> 0;
  }
  return hash;
}
