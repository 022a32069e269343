import { readProcess } from "@msec/process";

interface User {
  readonly pid: number;
  readonly startTicks: number;
  /** What it has taken over, of the present generation of tables. */
  used: bigint;
  /** `RouteTables.generation` that `used` counts in. */
  generation: number;
  /** Polls that wait. */
  polls: number;
  /** When its last poll ended, milliseconds. */
  seenMs: number;
}

/** A process that polled and has said nothing for this long no longer follows the routes: the SDK asks again within milliseconds. */
const SILENT_MS = 10_000;

/**
 * Which route version the processes of this host use: each says so by its polls.
 *
 * A process that has ended, whose connection broke, or that stopped asking is no user any more; one that is asked for nothing
 * (it only gets single routes) never was one.
 */
export class RouteUsers {
  readonly #users = new Map<object, User>();
  readonly #now: () => number;
  readonly #onChange: () => void;

  /** @param now  milliseconds, monotonic */
  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /**
   * A process asks for what is newer than what it uses.
   *
   * @param connection  stands for it
   * @param used        0 where what it names is of an earlier generation of tables
   */
  asks(connection: object, pid: number, used: bigint, generation: number): void {
    const user = this.#users.get(connection);
    const startTicks = user?.startTicks ?? readProcess(pid)?.startTicks;
    if (startTicks === undefined) return;
    const isNews = user === undefined || user.used !== used || user.generation !== generation;
    const polls = (user?.polls ?? 0) + 1;
    this.#users.set(connection, { pid, startTicks, used, generation, polls, seenMs: this.#now() });
    if (isNews) this.#onChange();
  }

  /** Its poll is over. @param isGone  because its connection broke */
  answered(connection: object, isGone: boolean): void {
    const user = this.#users.get(connection);
    if (user === undefined) return;
    user.polls = Math.max(0, user.polls - 1);
    user.seenMs = this.#now();
    if (!isGone) return;
    this.#users.delete(connection);
    this.#onChange();
  }

  /**
   * The lowest version that any of them uses, with how many there are and how many use an older one than is here.
   *
   * @param version     what is here
   * @param generation  `RouteTables.generation`
   */
  lowest(
    version: bigint,
    generation: number,
  ): { readonly used: bigint; readonly all: number; readonly behind: number } {
    let used = version;
    let behind = 0;
    for (const [connection, user] of this.#users) {
      if (this.#isGone(user)) {
        this.#users.delete(connection);
        continue;
      }
      const own = user.generation === generation ? user.used : 0n;
      if (own < version) behind++;
      if (own < used) used = own;
    }
    return { used, all: this.#users.size, behind };
  }

  #isGone(user: User): boolean {
    if (user.polls === 0 && this.#now() - user.seenMs > SILENT_MS) return true;
    return readProcess(user.pid)?.startTicks !== user.startTicks;
  }
}
