import type { AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { type AlarmCourse, advance } from "./advance.ts";
import { judge, type Series } from "./judge.ts";

/** What a rule would have done to one target. */
export interface PreviewOfTarget {
  readonly series: Series;
  /** How often it would have opened an alarm. */
  readonly fired: number;
  readonly badMinutes: number;
}

/**
 * Run a rule over the past, minute by minute, as the evaluator would have.
 *
 * @param from  the first minute judged
 * @param to    the minute after the last
 */
export function preview(rule: AlarmRule, series: Series, from: number, to: number): PreviewOfTarget {
  let open: AlarmCourse | undefined;
  let fired = 0;
  let bad = 0;
  for (let minute = from; minute < to; minute++) {
    if (judge(rule, series, minute).bad === true) bad++;
    const step = advance(rule, open, series, minute);
    if (step.kind === "open") fired++;
    open = step.kind === "open" || step.kind === "go-on" ? step.course : undefined;
  }
  return { series, fired, badMinutes: bad };
}
