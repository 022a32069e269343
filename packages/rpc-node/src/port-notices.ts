/** Between two words of one kind. */
const saidAgainMs = 600_000;

/** What callers do wrong at a port that the owner of the port can mend; one word of each in ten minutes. */
export type PortNotice = "too-many" | "plain-on-tls" | "tls-on-plain" | "certificate" | "handshake";

/**
 * Tells the owner of a port what callers meet there before there is any call that could fail: the other side has the faintest idea of why.
 *
 * Each kind is told once in ten minutes, with how often it was meanwhile: who does it wrong does it again and again, and anybody who reaches the port can.
 */
export class PortNotices {
  readonly #tell: (notice: string) => void;
  readonly #now: () => number;
  readonly #told = new Map<PortNotice, { sinceMs: number; untold: number }>();

  /**
   * @param tell  takes one sentence
   * @param now   milliseconds that only grow; default `performance.now`
   */
  constructor(tell: (notice: string) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Something of a kind has come to pass. @param text  one sentence: who, what, and what to do */
  say(kind: PortNotice, text: string): void {
    const nowMs = this.#now();
    const last = this.#told.get(kind);
    if (last !== undefined && nowMs - last.sinceMs < saidAgainMs) {
      last.untold++;
      return;
    }
    this.#told.set(kind, { sinceMs: nowMs, untold: 0 });
    this.#tell(
      last === undefined || last.untold === 0 ? text : `${text} (and ${last.untold} more since the last word)`,
    );
  }
}
