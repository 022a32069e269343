import { AlarmBaseline, AlarmCondition, AlarmDirection, type AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { isChange } from "./rule.ts";
import type { Target } from "./target.ts";

/** Minutes of a day that neither begins nor ends summer time. */
export const dayMinutes = 1_440;

/** Values of one target; minutes are numbered since 1970 UTC. */
export interface Series {
  readonly target: Target;
  /** What was seen; a minute without data is absent. */
  readonly values: ReadonlyMap<number, number>;
  /** What a minute without data means: 0 for things that are counted, else nobody knows. */
  readonly empty: 0 | undefined;
}

/** What one minute of one target is to a rule. */
export interface Verdict {
  /** Absent: cannot be judged. */
  readonly bad: boolean | undefined;
  readonly value: number | undefined;
  /** For changes. */
  readonly baseline: number | undefined;
}

/** How many minutes before the one that is judged a rule must see; for yesterday, of both days. */
export function windowMinutes(rule: AlarmRule): number {
  return rule.ofMinutes - 1 + (rule.baseline === AlarmBaseline.PREVIOUS ? rule.baselineMinutes : 0);
}

// Of the last days that were judged, and of previews; each is asked for by every target of every rule.
const daysBefore = new Map<number, number>();
const daysBeforeMax = 10_000;

/**
 * The same minute of the day before by the clock on the wall: what people do follows that one. Over a change to or from summer time it is 23 or 25 hours ago; of an hour that
 * the day before skipped it is the one after.
 *
 * @param minute  since 1970 UTC; the zone is that of this process
 */
export function dayBefore(minute: number): number {
  let before = daysBefore.get(minute);
  if (before === undefined) {
    const date = new Date(minute * 60_000);
    date.setDate(date.getDate() - 1);
    before = Math.floor(date.getTime() / 60_000);
    if (daysBefore.size >= daysBeforeMax) daysBefore.clear();
    daysBefore.set(minute, before);
  }
  return before;
}

/** Judge one minute. */
export function judge(rule: AlarmRule, series: Series, minute: number): Verdict {
  const value = valueAt(series, minute);
  if (rule.condition === AlarmCondition.SILENT) {
    return { bad: !series.values.has(minute), value: series.values.get(minute), baseline: undefined };
  }
  const baseline = isChange(rule) ? baselineAt(rule, series, minute) : undefined;
  if (value === undefined || (isChange(rule) && baseline === undefined)) return { bad: undefined, value, baseline };
  return { bad: badness(rule, value, baseline) > 0, value, baseline };
}

/**
 * How far a value is beyond the rule's bound, in the unit of its threshold; 0 and below is good. Percent of nothing is
 * infinite, and no change at all is none even there.
 */
export function badness(rule: AlarmRule, value: number, baseline: number | undefined): number {
  switch (rule.condition) {
    case AlarmCondition.ABOVE:
      return value - rule.threshold;
    case AlarmCondition.BELOW:
      return rule.threshold - value;
    case AlarmCondition.CHANGE:
      return turned(rule, value - (baseline ?? value)) - rule.threshold;
    case AlarmCondition.CHANGE_PERCENT: {
      const change = turned(rule, value - (baseline ?? value));
      return change === 0 ? -rule.threshold : (change / Math.abs(baseline ?? 0)) * 100 - rule.threshold;
    }
    default:
      return 0;
  }
}

/** Between which values a minute is good; absent: no such bound. */
export function boundsAt(rule: AlarmRule, baseline: number | undefined): { upper?: number; lower?: number } {
  if (rule.condition === AlarmCondition.ABOVE) return { upper: rule.threshold };
  if (rule.condition === AlarmCondition.BELOW) return { lower: rule.threshold };
  if (!isChange(rule) || baseline === undefined) return {};
  const width = rule.condition === AlarmCondition.CHANGE ? rule.threshold : (Math.abs(baseline) * rule.threshold) / 100;
  return {
    ...(rule.direction === AlarmDirection.FALL ? {} : { upper: baseline + width }),
    ...(rule.direction === AlarmDirection.RISE ? {} : { lower: baseline - width }),
  };
}

/** Bad minutes among the last `ofMinutes` up to and with this one, oldest first. */
export function badMinutes(rule: AlarmRule, series: Series, minute: number): number[] {
  const minutes: number[] = [];
  for (let at = minute - rule.ofMinutes + 1; at <= minute; at++) {
    if (judge(rule, series, at).bad === true) minutes.push(at);
  }
  return minutes;
}

function valueAt(series: Series, minute: number): number | undefined {
  const value = series.values.get(minute) ?? series.empty;
  return value === undefined || Number.isFinite(value) ? value : undefined;
}

function baselineAt(rule: AlarmRule, series: Series, minute: number): number | undefined {
  if (rule.baseline === AlarmBaseline.YESTERDAY) return valueAt(series, dayBefore(minute));
  let sum = 0;
  let count = 0;
  for (let at = minute - rule.baselineMinutes; at < minute; at++) {
    const value = valueAt(series, at);
    if (value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

function turned(rule: AlarmRule, change: number): number {
  if (rule.direction === AlarmDirection.RISE) return Math.max(0, change);
  if (rule.direction === AlarmDirection.FALL) return Math.max(0, -change);
  return Math.abs(change);
}
