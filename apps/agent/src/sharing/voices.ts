/** What one process says of one instance, with the time of the last call behind it (`performance.now()`). */
export interface Voice {
  readonly leftOut: boolean;
  /** 0: not measured. */
  readonly latencyRatio: number;
  /** 0…1. */
  readonly successShare: number;
  readonly atMs: number;
}

/** What the voices come to. */
export interface Verdict extends Voice {
  readonly voices: number;
}

/** How long after its last call a voice counts. */
export const VOICE_MS = 10_000;

/** Most voices about one instance; the host that has more processes calling it does not need them all. */
export const VOICES_MAX = 64;

// What hearsay says nothing of: within the bands of the routing algorithm (`latencyBand`, `successBand`) it changes nothing.
const LATENCY_UNREMARKABLE = 1.4;
const SUCCESS_UNREMARKABLE = 0.93;

/**
 * The voices of one instance, merged: the median of each figure, of two middle ones the one that is better for the instance.
 *
 * So one process among three can move nothing beyond what an honest one says, and one of two can only take the other's warning away.
 *
 * @param sinceMs  older voices do not count
 * @returns `undefined` where nobody would choose otherwise for knowing it
 */
export function mergeVoices(voices: Iterable<Voice>, sinceMs: number): Verdict | undefined {
  const counted: Voice[] = [];
  let leftOut = 0;
  let isRemarked = false;
  for (const voice of voices) {
    if (voice.atMs <= sinceMs) continue;
    counted.push(voice);
    if (voice.leftOut) leftOut++;
    isRemarked ||= isRemarkable(voice);
  }
  // The usual case: nobody says anything, and nothing need be sorted.
  if (!isRemarked) return undefined;
  const merged = {
    leftOut: leftOut * 2 > counted.length,
    latencyRatio: lowerMedian(counted.flatMap(({ latencyRatio }) => (latencyRatio > 0 ? [latencyRatio] : []))) ?? 0,
    // The least part of what is missing: the better of two middle ones.
    successShare: 1 - lowerMedian(counted.map(({ successShare }) => 1 - successShare))!,
    atMs: Math.max(...counted.map(({ atMs }) => atMs)),
    voices: counted.length,
  };
  return isRemarkable(merged) ? merged : undefined;
}

function isRemarkable({ leftOut, latencyRatio, successShare }: Voice): boolean {
  return leftOut || latencyRatio > LATENCY_UNREMARKABLE || successShare < SUCCESS_UNREMARKABLE;
}

function lowerMedian(values: readonly number[]): number | undefined {
  const ascending = Float64Array.from(values).sort();
  return ascending[Math.floor((ascending.length - 1) / 2)];
}
