// Keys of a map are property names, so always strings; these give the scalar back. What is none is passed on as it is, for the
// writer of the scalar to refuse.

/** A key of type bool. */
export function mapKeyBool(key: string): unknown {
  return key === "true" ? true : key === "false" ? false : key;
}

/** A key of a 32-bit integer type. */
export function mapKeyInt32(key: string): unknown {
  const value = Number.parseInt(key, 10);
  return Number.isFinite(value) ? value : key;
}

/** A key of a 64-bit integer type. */
export function mapKeyInt64(key: string): unknown {
  try {
    return BigInt(key);
  } catch {
    // Not an integer: refused with the field's name by the writer.
    return key;
  }
}
