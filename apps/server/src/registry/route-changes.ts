/** One change of one service's table. */
interface RouteChange {
  readonly version: number;
  readonly service: string;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

// Who is further behind is given everything; a change is about 100 bytes.
const changesKept = 10_000;

/** Which services changed when: so that an answer costs what changed since, whatever there is. */
export class RouteChangeLog {
  readonly #changes: RouteChange[] = [];
  /** Changes up to this version are not listed any more. */
  #completeAfter = 0;

  /** A change, with a version not lower than any before. */
  add(version: number, service: string, atMs: number): void {
    this.#changes.push({ version, service, atMs });
    if (this.#changes.length > changesKept * 1.5) {
      const dropped = this.#changes.splice(0, this.#changes.length - changesKept);
      this.#completeAfter = dropped.at(-1)?.version ?? this.#completeAfter;
    }
  }

  /** What came before is of no interest: everything up to this version was there at the start. */
  startAfter(version: number): void {
    this.#completeAfter = version;
    this.#changes.length = 0;
  }

  /** The services that changed after a version, each once; `undefined` where that is not known any more. */
  servicesSince(version: number): Set<string> | undefined {
    if (version < this.#completeAfter) return undefined;
    return new Set(this.#changes.slice(this.#firstAfter(version)).map(({ service }) => service));
  }

  /** When the first change after a version came, milliseconds since 1970 UTC; `undefined` where none is listed. */
  firstSinceMs(version: number): number | undefined {
    return this.#changes[this.#firstAfter(version)]?.atMs;
  }

  #firstAfter(version: number): number {
    let from = 0;
    let to = this.#changes.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#changes[middle]!.version > version) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
