import type { Constants } from "./constants.ts";
import type { Instance } from "./instance.ts";

/**
 * A ring of hashed points, several for each instance by its weight: an instance that comes or goes moves only the keys next to its points.
 */
export class HashRing {
  readonly #hashes: Uint32Array;
  readonly #owners: readonly Instance[];

  constructor(instances: readonly Instance[], { hashPoints }: Constants) {
    const points: { hash: number; owner: Instance }[] = [];
    for (const owner of instances) {
      // A weight of 10000 would be 6,400 points; more than 16 usual weights make the ring no fairer.
      const count = Math.max(1, Math.round(hashPoints * Math.min(owner.weight / 100, 16)));
      for (let point = 0; point < count; point++) {
        points.push({ hash: hashOf(`${owner.address} ${owner.port} ${point}`), owner });
      }
    }
    points.sort((a, b) => a.hash - b.hash);
    this.#hashes = Uint32Array.from(points, ({ hash }) => hash);
    this.#owners = points.map(({ owner }) => owner);
  }

  /** The first instance at or after the key's place that is acceptable; `undefined` when none is. */
  find(key: string, isAcceptable: (instance: Instance) => boolean): Instance | undefined {
    const start = this.#firstAtOrAfter(hashOf(key));
    for (let step = 0; step < this.#owners.length; step++) {
      const owner = this.#owners[(start + step) % this.#owners.length]!;
      if (isAcceptable(owner)) return owner;
    }
    return undefined;
  }

  #firstAtOrAfter(hash: number): number {
    let low = 0;
    let high = this.#hashes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#hashes[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** FNV-1a over UTF-16 units with the finalizer of MurmurHash3, which FNV's weak high bits need; 0…2³²−1, the same in every process. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let position = 0; position < text.length; position++) {
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
