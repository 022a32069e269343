/**
 * How many times as long as on a calm machine the tests wait for something to happen.
 *
 * Waiting longer costs nothing where it happens. That nobody is held up is not told by a clock, which counts what other programs of the machine do as well, but by
 * `TargetState.blockedMs`.
 */
export const patience = 6;
