import type { ServedMethod } from "@msec/rpc";

/** A method that has never answered is taken for one with answers of this size, for a short time: 32 of its calls run at once. */
const assumedBytes = 512 * 1024;
/** So long: a method that takes longer to answer at all (one that waits for an event) is not held up on a mere suspicion. */
export const assumedMs = 100;

/**
 * What the answer of a call that begins now will take, in bytes; counted with its request, it bounds what running calls will have to say at once.
 *
 * Small requests for large answers are the case: 250 pipelined ones that all run are answered with 250 MiB before the caller has read one.
 */
export function expectedAnswerBytes(method: ServedMethod): number {
  return method.answerBytes < 0 ? assumedBytes : method.answerBytes;
}

/** An answer had so many bytes. Up at once, and down by one part of 64 with each smaller one. */
export function learnAnswerBytes(method: ServedMethod, bytes: number): void {
  const known = method.answerBytes;
  method.answerBytes = bytes >= known ? bytes : known - Math.ceil((known - bytes) / 64);
}

/** Nothing was answered for `assumedMs`: suppose nothing any more. */
export function stopAssuming(method: ServedMethod): void {
  if (method.answerBytes < 0) {
    method.answerBytes = 0;
  }
}
