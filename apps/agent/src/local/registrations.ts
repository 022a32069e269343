/** Who the process at the other end of a connection is: fixed by its first Register. */
export interface Registration {
  /** `Flight.mod_flight`. */
  readonly service: string;
  /** `127.0.0.1:7963`, or `pid:1234` for a process that listens on nothing. */
  readonly instance: string;
  readonly pid: number;
  /** Empty for a process that the agent did not start. */
  readonly instanceId: string;
}

/** What the agent keeps of one connection to its local socket. */
export class LocalConnection {
  registration: Registration | undefined;
  /** Polls that wait. */
  polls = 0;
  /** `RouteTables.generation` of its last answer. */
  generation: number | undefined;
  /** When it last exchanged findings, `performance.now()`. */
  exchangedMs = Number.NEGATIVE_INFINITY;
  /** Bytes that it may report now, see `takeBytes`. */
  #allowance = BURST_BYTES;
  #countedMs = performance.now();

  /**
   * Count bytes against what one connection may report: 4 MiB a second, 16 MiB at once.
   *
   * @returns false when that is used up
   */
  takeBytes(bytes: number, nowMs: number): boolean {
    const earned = ((nowMs - this.#countedMs) / 1000) * BYTES_PER_SECOND;
    this.#allowance = Math.min(BURST_BYTES, this.#allowance + earned);
    this.#countedMs = nowMs;
    if (bytes > this.#allowance) return false;
    this.#allowance -= bytes;
    return true;
  }
}

/** What the agent keeps of each connection to its local socket, for as long as the connection is there. */
export class LocalConnections {
  readonly #kept = new WeakMap<object, LocalConnection>();

  /** @param connection  `CallContext.connection` */
  of(connection: object): LocalConnection {
    let kept = this.#kept.get(connection);
    if (kept === undefined) {
      kept = new LocalConnection();
      this.#kept.set(connection, kept);
    }
    return kept;
  }
}

const BYTES_PER_SECOND = 4 * 1024 ** 2;
const BURST_BYTES = 16 * 1024 ** 2;
