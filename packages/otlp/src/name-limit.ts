import { otlpLimits as limits } from "./otlp-limits.ts";

/** Names seen of each owner, so that what varies without end cannot make curves without end. */
export class NameLimit {
  readonly #perOwner: number;
  readonly #max: number;
  readonly #names = new Map<string, Set<string>>();
  #size = 0;

  /** @param max  of all owners together */
  constructor(perOwner: number, max: number) {
    this.#perOwner = perOwner;
    this.#max = max;
  }

  /** Whether this name is one of the first of its owner; it is remembered then. */
  takes(owner: string, name: string): boolean {
    let names = this.#names.get(owner);
    if (names?.has(name)) return true;
    if ((names?.size ?? 0) >= this.#perOwner || this.#size >= this.#max) return false;
    if (names === undefined) {
      names = new Set();
      this.#names.set(owner, names);
    }
    names.add(name);
    this.#size++;
    return true;
  }

  /** Its owner is gone: its names make room. */
  forget(owner: string): void {
    this.#size -= this.#names.get(owner)?.size ?? 0;
    this.#names.delete(owner);
  }
}

/** Why a series of a service is not taken. */
export function tooManySeries(service: string): string {
  return `${limits.series} series of an instance of ${service}, or ${limits.allNames} of all, are reported already; put what varies into log fields or span attributes`;
}
