/**
 * Follows one attempt of a call to its end without a promise of its own, and without another look at the clock.
 *
 * Set by whatever chooses where calls go (`CallOptions.follower`), told by channels that can.
 */
export interface CallFollower {
  /** Set by a channel that tells it how the attempt ends; of one that does not, its promise does. */
  isTold: boolean;
  /**
   * The attempt succeeded: its promise is fulfilled in this turn. Must not throw.
   *
   * @param nowMs  `performance.now()` of when the answer was read
   */
  answered(nowMs: number): void;
  /**
   * The attempt failed; told in a turn of its own, when the channel is done with it.
   *
   * @param ids  where its trace, span and parent span ids are, from `idsAt` on, as `CallRecord.ids`; they change after this turn
   * @returns what the attempt's promise becomes in place of its failure: that of another attempt
   * @throws what it is rejected with
   */
  failed(error: unknown, ids?: Uint8Array, idsAt?: number): Promise<unknown>;
}
