/**
 * A set for members that come and go with every call. Each remembers its place, a number that `add` gives it and that changes when another one leaves.
 *
 * A `Set` or `Map` is made anew every few dozen times that something is added and removed, and V8 keeps a reference from each old table to the next one. Once one
 * of them has got old, all that follow outlive every collection of the young generation, with the calls that were in them when they were replaced: of an echo with an
 * asynchronous handler a fourth of all objects, 16 ms of standstill each time instead of 0.4, until the next collection of everything.
 */
export class PlaceSet<T extends object> {
  readonly #members: T[] = [];

  /** How many there are. */
  get size(): number {
    return this.#members.length;
  }

  /** Add one that is not in. @returns its place */
  add(member: T): number {
    return this.#members.push(member) - 1;
  }

  /** Remove the one at a place. @returns who has that place now, to remember it; `undefined` for nobody */
  removeAt(place: number): T | undefined {
    const members = this.#members;
    const last = members.pop() as T;
    if (place === members.length) {
      return undefined;
    }
    members[place] = last;
    return last;
  }

  /** All of them, those added last first, as long as none was removed. The one that is looked at may be removed meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (let place = this.#members.length - 1; place >= 0; place--) {
      const member = this.#members[place];
      if (member !== undefined) {
        yield member;
      }
    }
  }
}
