import type { Instance, Peers } from "./instance.ts";

/**
 * What the better ones of these instances are like: the mean of those that are no worse than the mean of all.
 *
 * Two passes instead of a median: no sorting, and six bad ones of ten do not become the rule.
 * Those that are left out are not compared with.
 *
 * @param instances  those of which something is known
 * @param untouched  how many others there are: nothing speaks against them
 */
export function comparePeers(instances: readonly Instance[], untouched: number): Peers {
  let latencySum = 0;
  let known = 0;
  let successSum = 0;
  let inCount = 0;
  for (const { ejection, latency, successRatio } of instances) {
    if (ejection.isOut) continue;
    inCount++;
    successSum += successRatio;
    if (latency.count === 0) continue;
    latencySum += latency.meanMs;
    known++;
  }
  const successMean = (successSum + untouched) / Math.max(1, inCount + untouched);
  return betterThan(instances, untouched, latencySum / Math.max(1, known), successMean);
}

function betterThan(
  instances: readonly Instance[],
  untouched: number,
  latencyMean: number,
  successMean: number,
): Peers {
  // Rounding must not put every one of several equal instances on the wrong side of their mean.
  const slack = 1e-9;
  let latencySum = 0;
  let quick = 0;
  let successSum = untouched;
  let sound = untouched;
  for (const { ejection, latency, successRatio } of instances) {
    if (ejection.isOut) continue;
    if (latency.count > 0 && latency.meanMs <= latencyMean * (1 + slack)) {
      latencySum += latency.meanMs;
      quick++;
    }
    if (successRatio >= successMean - slack) {
      successSum += successRatio;
      sound++;
    }
  }
  return { latencyMs: latencySum / Math.max(1, quick), successRatio: sound === 0 ? 1 : successSum / sound };
}
