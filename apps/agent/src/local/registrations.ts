import { Allowance } from "@msec/process";

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
  /** Bytes that it may report: 4 MiB a second, 16 MiB at once. */
  readonly reportedBytes = new Allowance(4 * 1024 ** 2, 16 * 1024 ** 2, performance.now());
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
