let turn = 1;
let isCounting = false;

function nextTurn(): void {
  turn++;
  isCounting = false;
}

/**
 * When what a connection's requests came with was read, as nearly as Node's HTTP tells: at the first that is heard of it in this turn of the
 * event loop. All requests of one read are announced before the first handler runs, so those at its end are seen to wait for the others.
 */
export class ReadTurn {
  #turn = 0;
  #startMs = 0;

  /** `performance.now()` of this turn's first call. */
  startMs(): number {
    if (this.#turn !== turn) {
      this.#turn = turn;
      this.#startMs = performance.now();
      if (!isCounting) {
        isCounting = true;
        setImmediate(nextTurn);
      }
    }
    return this.#startMs;
  }
}
