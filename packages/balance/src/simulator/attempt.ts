import type { Chooser } from "./algorithm.ts";

/** What happens next to an attempt. */
export const Stage = {
  /** A worker is done with it. */
  work: 0,
  /** Its answer reaches the caller. */
  answer: 1,
  /** It is no call, but a question whether anybody is there; its answer, or that there is none, reaches the caller. */
  ask: 2,
} as const;
/** What happens next to an attempt. */
export type Stage = (typeof Stage)[keyof typeof Stage];

/** How an attempt came back. */
export const Outcome = { ok: 0, failed: 1, broken: 2 } as const;
/** How an attempt came back. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/**
 * One attempt of a call at one instance, which is also the event that happens to it next.
 *
 * An attempt has at most one event ahead of it, so the queue of events holds attempts and nothing is allocated for an event.
 */
export class Attempt {
  readonly chooser: Chooser;
  readonly instance: number;
  /** When its call began, which may be an earlier attempt. */
  readonly callBegunMs: number;
  readonly begunMs: number;
  /** Instances where its call has been before. */
  readonly tried: ReadonlySet<number> | undefined;
  stage: Stage = Stage.work;
  outcome: Outcome = Outcome.ok;
  /** Answered or timed out. */
  isOver = false;
  /** The life of the machine in which its work began. */
  life = 0;
  /** Who waits behind it in a machine's queue. */
  behind: Attempt | undefined = undefined;

  constructor(
    chooser: Chooser,
    instance: number,
    callBegunMs: number,
    begunMs: number,
    tried: ReadonlySet<number> | undefined,
  ) {
    this.chooser = chooser;
    this.instance = instance;
    this.callBegunMs = callBegunMs;
    this.begunMs = begunMs;
    this.tried = tried;
  }
}
