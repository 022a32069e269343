/** Whether an id is all zeros, which means none. */
export function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}
