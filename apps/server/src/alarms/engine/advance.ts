import { AlarmCondition, AlarmResolution, type AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { badMinutes, badness, judge, type Series } from "./judge.ts";

/** Shortest time after which an alarm ends that cannot be judged any more. */
export const idleMinutesMin = 15;

/** What changes of an open alarm from minute to minute. Minutes are numbered since 1970 UTC. */
export interface AlarmCourse {
  readonly first: number;
  /** The last bad minute. */
  readonly last: number;
  /** Bad minutes. */
  readonly count: number;
  /** The worst value; absent for silence. */
  readonly peak: number | undefined;
  /** How bad that was, as `badness` says. */
  readonly peakScore: number;
  readonly lastValue: number | undefined;
  readonly lastBaseline: number | undefined;
  /** Minutes in a row that were good, and that could not be judged. */
  readonly goodMinutes: number;
  readonly idleMinutes: number;
}

/** What one minute does to a rule's target. */
export type Advance =
  | { readonly kind: "none" }
  | { readonly kind: "open" | "go-on"; readonly course: AlarmCourse }
  | { readonly kind: "end"; readonly course: AlarmCourse; readonly why: AlarmResolution };

/**
 * Take one settled minute into account. States: no alarm → open → ended; see docs/decisions/0010-alarms.md.
 *
 * @param open  the target's open alarm, where there is one
 */
export function advance(rule: AlarmRule, open: AlarmCourse | undefined, series: Series, minute: number): Advance {
  if (open === undefined) return openIfFiring(rule, series, minute);
  const { bad } = judge(rule, series, minute);
  if (bad === true) return { kind: "go-on", course: addBad(rule, open, series, minute) };
  if (bad === false) {
    const course = { ...open, goodMinutes: open.goodMinutes + 1, idleMinutes: 0 };
    return course.goodMinutes >= rule.resolveMinutes
      ? { kind: "end", course, why: AlarmResolution.GOOD }
      : { kind: "go-on", course };
  }
  const course = { ...open, idleMinutes: open.idleMinutes + 1 };
  return course.idleMinutes >= Math.max(idleMinutesMin, rule.resolveMinutes)
    ? { kind: "end", course, why: AlarmResolution.NO_DATA }
    : { kind: "go-on", course };
}

function openIfFiring(rule: AlarmRule, series: Series, minute: number): Advance {
  // What is good now does not open an alarm, however bad the minutes before were.
  if (judge(rule, series, minute).bad !== true) return { kind: "none" };
  const minutes = badMinutes(rule, series, minute);
  if (minutes.length < rule.forMinutes) return { kind: "none" };
  const first = minutes[0] ?? minute;
  const none: AlarmCourse = {
    first,
    last: first,
    count: 0,
    peak: undefined,
    peakScore: -1,
    lastValue: undefined,
    lastBaseline: undefined,
    goodMinutes: 0,
    idleMinutes: 0,
  };
  return { kind: "open", course: minutes.reduce((course, at) => addBad(rule, course, series, at), none) };
}

function addBad(rule: AlarmRule, course: AlarmCourse, series: Series, minute: number): AlarmCourse {
  const { value, baseline } = judge(rule, series, minute);
  const silent = rule.condition === AlarmCondition.SILENT || value === undefined;
  // A database keeps no infinity.
  const score = silent ? 0 : Math.min(badness(rule, value, baseline), Number.MAX_VALUE);
  const worst = score > course.peakScore;
  return {
    ...course,
    last: minute,
    count: course.count + 1,
    peak: worst && !silent ? value : course.peak,
    peakScore: worst ? score : course.peakScore,
    lastValue: silent ? undefined : value,
    lastBaseline: baseline,
    goodMinutes: 0,
    idleMinutes: 0,
  };
}
