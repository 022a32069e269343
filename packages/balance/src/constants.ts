/** The numbers of the algorithm, in one place, each with its reason. Times are in milliseconds. */
export const constants = {
  // Time in which an old latency loses two thirds of its say. Half of Finagle's and brpc's 10 s: they serve thousands of
  // calls a second, here a few a second are usual, and one outlier is then a large part of what is known.
  latencyDecayMs: 5_000,
  // Most that one slower call raises the latency, as a factor: what lasts gets through in a few calls, what is over does
  // not count for long. Calls that hang are felt at once all the same, by being in flight.
  latencyRise: 3,
  // Least that one quicker call lowers the latency: at high rates no time passes between two calls, and at low ones a
  // single slow call (a collection, a busy machine) must not cost an instance its share for minutes.
  latencyStep: 1 / 16,
  // Below this, differences of latency are noise of the event loop, not a property of an instance.
  latencyFloorMs: 0.25,
  // Most that one result may move the success ratio: five failures in a row bring 1 to 0.33, and one failure in a quiet
  // minute does not condemn an instance (the original's worst fault, reference nlb a.1).
  successStep: 0.2,
  // How steeply a worse instance loses calls: twice as slow gets a quarter as much, ten times as slow a hundredth.
  costPower: 2,
  // A failed call costs more than a slow one: what it costs is repeated elsewhere or shown to a person. Cost grows with
  // the square of what fails, so with costPower half of the calls failing leaves a sixteenth of the share.
  successPower: 2,
  // The least share of a call's value that failures leave; keeps the division finite and lets recoveries be seen.
  successFloor: 0.02,
  // Instances looked at for one call. All of them in the common case of two to ten, and enough of a thousand that the
  // best of them is in the best tenth in more than half of all picks.
  candidates: 8,
  // Transport failures in a row that eject: one is a restart's last connection, three are a pattern.
  ejectAfterFailures: 3,
  // First back-off. A supervised program is back after 100…500 ms.
  ejectBaseMs: 500,
  // Longest back-off; the price of a probe is one repeated call, so there is no need to wait longer.
  ejectMaxMs: 30_000,
  // A probe that has not come back for so long is given up and the next one goes out.
  probeTimeoutMs: 10_000,
  // Slow start: just-in-time compilation and caches of a new process settle within seconds.
  warmUpMs: 5_000,
  warmUpFrom: 0.25,
  // Weight of a route that names none.
  defaultWeight: 100,
} as const;
