import type { Uint64 } from "@msec/wire";

/** A call under the sequence that its answer will name. */
interface Sequenced {
  readonly sequence: number;
}

const initialSlots = 64;

/**
 * The calls of one connection (over UDP: channel) that wait for their answers, by sequence.
 *
 * A table of a power of two, where the low bits of the sequence say the slot: a sequence is only given to a call when its slot is free, so
 * there are no collisions, and one call that waits for minutes costs the others a skipped number now and then. Set, get and
 * delete together take 8 ns; those of a `Map`, whose deleted entries are copied away again and again, 44 ns. Nor does it leave old tables behind that hold
 * on to garbage (`PlaceSet` of `@msec/rpc`).
 */
export class PendingCalls<Call extends Sequenced> {
  size = 0;
  #slots: (Call | undefined)[] = new Array(initialSlots).fill(undefined);
  #mask = initialSlots - 1;

  /** The first sequence from `sequence` on that can be given to a call. */
  free(sequence: number): number {
    let free = sequence;
    while (this.#slots[free & this.#mask] !== undefined) {
      free++;
    }
    return free;
  }

  /** Add a call under its sequence, which `free` has given. */
  add(call: Call): void {
    this.#slots[call.sequence & this.#mask] = call;
    // Never more than half full, so that a free sequence is near.
    if (++this.size * 2 > this.#mask) {
      this.#grow();
    }
  }

  /** The call that waits under a sequence; a server may answer with any at all, also ones that no number holds. */
  get(sequence: Uint64): Call | undefined {
    if (typeof sequence !== "number") {
      return undefined;
    }
    const call = this.#slots[sequence & this.#mask];
    return call !== undefined && call.sequence === sequence ? call : undefined;
  }

  /** Remove a call that is in. */
  delete(call: Call): void {
    this.#slots[call.sequence & this.#mask] = undefined;
    this.size--;
  }

  /** Remove all. @returns them, oldest first */
  take(): Call[] {
    const calls = this.inOrder();
    this.#slots = new Array(initialSlots).fill(undefined);
    this.#mask = initialSlots - 1;
    this.size = 0;
    return calls;
  }

  /** All of them as of now, oldest first. */
  inOrder(): Call[] {
    return this.#slots.filter((call) => call !== undefined).sort((one, other) => one.sequence - other.sequence);
  }

  // Two that have slots of their own keep them in a table of twice the size: there one bit more tells them apart.
  #grow(): void {
    const calls = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Array(this.#mask + 1).fill(undefined);
    for (const call of calls) {
      if (call !== undefined) {
        this.#slots[call.sequence & this.#mask] = call;
      }
    }
  }
}
