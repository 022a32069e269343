import { isOutOfSpace, type Log } from "@msec/process";

const AGAIN_MS = 5_000;

/** What a `LateWrite` is for. */
export interface LateWriteOptions {
  /** What is kept, for people: `route tables`. */
  readonly what: string;
  readonly file: string;
  readonly log: Log;
  /** Writes all that there is now. */
  readonly writeAll: () => Promise<void>;
  /** From one attempt to the next, milliseconds; default 5_000. */
  readonly againMs?: number;
}

/**
 * A file whose disk may be full: what is known now is used all the same, and is written when there is room.
 *
 * `written` → `late` when a write finds no room (said once, as an error), and back at the first that succeeds, one's own every five seconds or anybody's. An
 * agent that ends while it is late begins with what was written last, and hears the rest from its server.
 */
export class LateWrite {
  readonly #options: LateWriteOptions;
  #sinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LateWriteOptions) {
    this.#options = options;
  }

  /** For how many seconds the file has lacked what is known; 0 where it does not. */
  get lateS(): number {
    return this.#sinceMs === undefined ? 0 : Math.max(1, Math.round((performance.now() - this.#sinceMs) / 1000));
  }

  /**
   * Write; where there is no room for it, later.
   *
   * @throws what the file system says, but for a full disk
   */
  async write(write: () => Promise<void>): Promise<void> {
    const { what, file, log } = this.#options;
    try {
      await write();
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      if (this.#sinceMs === undefined) {
        log.error(
          `the disk of the ${what} is full: new ones are used and not kept, so that an agent that starts again begins with those of before; free space there`,
          { file },
        );
      }
      this.#sinceMs ??= performance.now();
      this.#later();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sinceMs !== undefined) log.info(`the disk of the ${what} has room again: they are kept`, { file });
    this.#sinceMs = undefined;
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // Any other fault is thrown at whoever makes the next change; here the file is only tried again.
      void this.write(this.#options.writeAll).catch(() => this.#later());
    }, this.#options.againMs ?? AGAIN_MS).unref();
  }
}
