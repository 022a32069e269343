/**
 * An unsigned 64-bit integer in canonical form: a `number` up to 2^53-1, a `bigint` above.
 *
 * Canonical, so that equal values are equal `Map` keys. Nearly all sequences are small, and a small `number` costs
 * neither an allocation nor a call; a `bigint` costs about 40 ns and comes only when a peer really counts that high.
 */
export type Uint64 = number | bigint;

const two32 = 4_294_967_296;

/** Build a {@link Uint64} from its low and high 32 bits, each as any (signed or unsigned) 32-bit integer. */
export function uint64FromHalves(low: number, high: number): Uint64 {
  const unsignedHigh = high >>> 0;
  if (unsignedHigh <= 0x1f_ffff) {
    return unsignedHigh * two32 + (low >>> 0);
  }
  return bigintFromHalves(low, high);
}

/** The unsigned 64-bit integer with these low and high 32 bits, always as a `bigint`: 0n … 2^64-1. */
export function bigintFromHalves(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The low 32 bits, as a signed 32-bit integer. */
export function lowHalf(value: Uint64): number {
  return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
}

/** The high 32 bits, as a signed 32-bit integer. */
export function highHalf(value: Uint64): number {
  return typeof value === "number" ? (value / two32) | 0 : Number(BigInt.asIntN(32, value >> 32n));
}
