/** Names seen of each owner, so that what varies without end cannot make curves without end. */
export class NameLimit {
  readonly #perOwner: number;
  readonly #owners: number;
  readonly #names = new Map<string, Set<string>>();

  constructor(perOwner: number, owners: number) {
    this.#perOwner = perOwner;
    this.#owners = owners;
  }

  /** Whether this name is one of the first of its owner; it is remembered then. */
  takes(owner: string, name: string): boolean {
    let names = this.#names.get(owner);
    if (names === undefined) {
      const [first] = this.#names.keys();
      if (this.#names.size >= this.#owners && first !== undefined) this.#names.delete(first);
      names = new Set();
      this.#names.set(owner, names);
    }
    if (names.has(name)) return true;
    if (names.size >= this.#perOwner) return false;
    names.add(name);
    return true;
  }
}
