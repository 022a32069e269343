/** The numbers of the algorithm, in one place, each with its reason. Times are in milliseconds. */
export const constants = {
  // Weight of one result in the moving means: about sixteen calls are remembered. Half of it doubles the time to notice, twice
  // of it makes equal instances differ by more than the dead band once in twenty calls.
  meanStep: 1 / 16,
  // At low rates time counts as well, else a mean of yesterday's calls would decide: after this time an old mean has lost two thirds of its weight.
  meanDecayMs: 10_000,
  // But never more than this for one call: at a call a minute one outlier would be all that is known.
  meanStepMax: 1 / 4,
  // Differences below this are the caller's event loop, not a property of an instance.
  latencyFloorMs: 1,
  // Longer durations count as this long: nobody waits a minute for an answer, and a broken clock must not weigh for ever.
  latencyCeilingMs: 60_000,
  // A call that took this many times the mean is an outlier and is cut to that; the next one in a row may count twice as much. A call
  // that is still out after as many times the mean counts as hanging.
  outlierFactor: 4,
  // This many answers in a row far below the mean are believed at once: what was slow is over.
  believeAfter: 3,
  // Up to this many times the others' latency an instance is as good as they are …
  latencyBand: 1.4,
  // … times 1 + this / measurements: 1.5 after thirty, when exponentially spread service times are beyond it once in a hundred;
  // 5.6 after one. A caller of a thousand instances sees each once a minute: without this its rates are noise.
  latencyDoubt: 3,
  // How steeply a slower instance loses calls beyond the band: three times as slow as the others leaves a quarter.
  latencyPower: 2,
  // Down to this part of the others' success an instance is as good as they are: one failure in sixteen moves nothing (the
  // original's worst fault: one failure in a quiet period kills).
  successBand: 0.93,
  // A failed call costs more than a slow one: 70 % success leaves a thirtieth of the share, 85 % a third.
  successPower: 12,
  // Rates below this part of the others' get no ordinary calls, only probes: a share of 1 % would already be the p99.
  suppressBelow: 0.05,
  // A suppressed instance is probed after this time (twice as long after each bad probe) and this many calls: below 1 % of the
  // calls, so that the p99 is not the probe …
  suppressedProbeMs: 1_000,
  suppressedProbeCalls: 128,
  // … or, where calls are few, after this time and this many calls. The time is also the longest wait.
  probeMaxMs: 10_000,
  suppressedProbeMinCalls: 16,
  // Longest wait where a probe costs an error, not half a second: errors are counted, so it is longer than the first back-offs.
  failingProbeMaxMs: 5_000,
  // After a good probe the next ones follow quicker by this factor, so that a return takes seconds.
  suppressedProbeHurry: 8,
  // Calls are out, and no answer came for this long and for `outlierFactor` means: it hangs. A shorter pause is a garbage collection.
  hangFloorMs: 50,
  // Rates are computed this often, and at once after an ejection or return. A person sees no difference; `pick` does.
  refreshMs: 100,
  // For large tables less often: one more millisecond for each instance keeps it far below 1 % of a processor.
  refreshPerInstanceMs: 1,
  // Up to this many usable instances are all compared (20…60 ns). Of more, each has its turn, and at most `candidates` of them are
  // looked at for one call: the first that is free gets it.
  compareAllUpTo: 16,
  candidates: 8,
  // Transport failures in a row that eject. One is enough: the first back-off costs nothing where it was a mistake.
  ejectAfterTransportFailures: 1,
  // Failures of any kind in a row that eject (Envoy's figure); one that hung counts twice. At 30 % errors that is one in 400 calls: the success ratio is quicker.
  ejectAfterFailures: 5,
  // … but of the instances at most this part: beyond it is overload or the callers' own fault, and ejecting would be the collapse.
  ejectFailingUpTo: 0.5,
  // First back-off: a broken connection is opened again, a supervised program is back, after 100…500 ms.
  ejectBaseMs: 100,
  // Longest back-off: the price of a probe is one repeated call, and an instance that is back should have all its calls within 10 s.
  ejectMaxMs: 5_000,
  // But at least this many times what the failed call took, up to `probeMaxMs`: a probe into a black hole costs a caller a whole time-out.
  probeCostFactor: 10,
  // Where probes are not calls (`BalancerOptions.probe`) nobody waits for them, so the longest back-off is shorter: a thousand callers send a probe
  // every two milliseconds, and an instance that is back has calls again within two seconds.
  askMaxMs: 2_000,
  // Calls are out and nothing has come back for this long and for `outlierFactor` means: ask whether the instance is there. Five times `hangFloorMs`,
  // after which it gets no further calls: asking is a call too, and a process that is merely busy answers soon.
  askAfterMs: 250,
  // No answer to that for this long: it is gone. It gets no further calls until then, so there is time to be sure that it is not only busy, or half a
  // second away.
  askTimeoutMs: 1_000,
  // A probe that has not come back for this long is given up and the next one goes out.
  probeTimeoutMs: 5_000,
  // Slow start of what is new or was really gone: just-in-time compilation and caches of a new process settle within seconds.
  warmUpMs: 5_000,
  warmUpFrom: 0.25,
  // What each step away (same host, same zone, elsewhere) costs with locality, as calls in flight.
  awayCost: 4,
  // When less than this part of the near instances (by weight) is sound, the calls that those cannot be expected to carry go one step further away
  // at once. Envoy's overprovisioning factor of 1.4: three of ten may be gone before the others are taken to be at their limit.
  nearEnough: 0.7,
  // Consistent hash: the most calls in flight of an instance, as a factor of the mean (Google's bounded load: 1.25), and never less
  // than the floor: of a few calls in flight the mean says nothing.
  hashLoadFactor: 1.25,
  hashLoadFloor: 2,
  // Points on the ring for a weight of 100: shares differ by about 1/√64, and a thousand instances are 64,000 points.
  hashPoints: 64,
  // While its own last result is younger than this, a caller does not listen to the others on its host; what they said is forgotten after the same time.
  // It is as long as a mean of latencies holds, and how long an instance is left out by hearsay before the caller's own call finds out.
  hearsayMs: 10_000,
  // Hearsay never takes more of a share than slow start does, …
  hearsayLeast: 0.25,
  // … and where it proved wrong it cannot leave the instance out again for this long: a lie costs ten seconds in seventy.
  hearsayDoubtMs: 60_000,
  // Nor does it leave out more than this part of the instances.
  hearsayUpTo: 0.5,
  // Weight of a route that does not say one.
  defaultWeight: 100,
} as const;

/** The numbers of one balancer: those of `constants` unless overridden. */
export type Constants = { readonly [Name in keyof typeof constants]: number };

/** What each of the numbers may be set to, both ends included: beyond it the algorithm does not work, or one service takes the process's time or memory. */
export const constantRanges: { readonly [Name in keyof Constants]: readonly [least: number, most: number] } = {
  meanStep: [0.001, 1],
  meanDecayMs: [100, 600_000],
  meanStepMax: [0.001, 1],
  latencyFloorMs: [0.001, 1_000],
  latencyCeilingMs: [1_000, 3_600_000],
  outlierFactor: [1.5, 100],
  believeAfter: [1, 100],
  latencyBand: [1, 100],
  latencyDoubt: [0.001, 100],
  latencyPower: [0.1, 10],
  successBand: [0.01, 1],
  successPower: [0.1, 100],
  suppressBelow: [0.0001, 0.9],
  suppressedProbeMs: [10, 600_000],
  suppressedProbeCalls: [1, 100_000],
  probeMaxMs: [100, 3_600_000],
  suppressedProbeMinCalls: [1, 100_000],
  failingProbeMaxMs: [100, 3_600_000],
  suppressedProbeHurry: [1, 100],
  hangFloorMs: [1, 60_000],
  refreshMs: [10, 10_000],
  refreshPerInstanceMs: [0.001, 10],
  compareAllUpTo: [1, 256],
  candidates: [1, 64],
  ejectAfterTransportFailures: [1, 100],
  ejectAfterFailures: [1, 1_000],
  ejectFailingUpTo: [0.01, 1],
  ejectBaseMs: [10, 60_000],
  ejectMaxMs: [10, 600_000],
  probeCostFactor: [1, 100],
  askMaxMs: [10, 600_000],
  askAfterMs: [10, 60_000],
  askTimeoutMs: [10, 60_000],
  probeTimeoutMs: [100, 600_000],
  warmUpMs: [1, 3_600_000],
  warmUpFrom: [0.01, 1],
  awayCost: [0.01, 10_000],
  nearEnough: [0.01, 1],
  hashLoadFactor: [1, 100],
  hashLoadFloor: [1, 10_000],
  hashPoints: [1, 512],
  hearsayMs: [100, 600_000],
  hearsayLeast: [0.01, 1],
  hearsayDoubtMs: [100, 3_600_000],
  hearsayUpTo: [0.01, 1],
  defaultWeight: [1, 10_000],
};

/**
 * The numbers with some of them overridden.
 *
 * @param overrides  by name, within `constantRanges`; `undefined` leaves the default
 * @throws RangeError naming the number that is unknown, or the range that it is not in
 */
export function constantsWith(overrides: Partial<Constants> = {}): Constants {
  for (const [name, value] of Object.entries(overrides)) {
    const problem = value === undefined ? undefined : constantProblem(name, value);
    if (problem !== undefined) throw new RangeError(problem);
  }
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  // Nearly nobody overrides any: then all share the same ones.
  return given.length === 0 ? constants : { ...constants, ...Object.fromEntries(given) };
}

/** Why a number cannot be set to this, for people; `undefined` where it can. */
export function constantProblem(name: string, value: number): string | undefined {
  if (!Object.hasOwn(constantRanges, name)) return `routing has no constant named ${name.slice(0, 80)}`;
  const [least, most] = constantRanges[name as keyof Constants];
  // Written so that NaN is not in any range.
  return value >= least && value <= most
    ? undefined
    : `routing constant ${name} is ${value}; it must be in ${least}…${most}`;
}
