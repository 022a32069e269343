import fc from "fast-check";

/** One small damage to a byte string. */
type Mutation = { readonly at: number; readonly kind: number; readonly byte: number };

/** Random damage: up to four bytes changed, inserted, removed, doubled, or the tail cut off. */
export const arbitraryMutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    kind: fc.nat(5),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  }),
  { minLength: 1, maxLength: 4 },
);

/** The bytes with the damage done. */
export function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const result = Array.from(bytes);
  for (const { at, kind, byte } of mutations) {
    const index = Math.floor(at * result.length);
    if (kind === 0) result.splice(index, 0, byte);
    else if (kind === 1) result.splice(index, 1);
    else if (kind === 2) result.length = index;
    else if (kind === 3) result.splice(index, 0, ...result.slice(index, index + (byte & 15)));
    else if (result.length > 0) result[index] = kind === 4 ? byte : (result[index] ?? 0) ^ (1 << (byte & 7));
  }
  return Uint8Array.from(result);
}
