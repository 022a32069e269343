import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { AlarmResolution, type AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import { type AlarmCourse, advance } from "../engine/advance.ts";
import type { Series } from "../engine/judge.ts";
import { alarmLimits } from "../engine/rule.ts";
import { type Target, targetKey } from "../engine/target.ts";
import { type AlarmRow, courseFromRow, targetOf } from "../rows.ts";
import type { Cluster } from "./cluster.ts";
import type { RuleSeries } from "./read-series.ts";
import { completeTargets } from "./targets.ts";

const longestTurnMs = 20;

/** An alarm that came to be, as far as judging tells. */
export interface NewAlarm {
  readonly id: string;
  readonly rule: AlarmRule;
  readonly target: Target;
  course: AlarmCourse;
  /** Set where it ended again within the same round. */
  why: AlarmResolution;
}

/** What some minutes did to the alarms of some rules. */
export interface Changes {
  readonly opened: NewAlarm[];
  /** Courses of alarms that go on, by their ids; only those that changed. */
  readonly wentOn: Map<string, { readonly rule: AlarmRule; readonly course: AlarmCourse }>;
  readonly ended: Map<string, { readonly course: AlarmCourse; readonly why: AlarmResolution }>;
  /** Targets in alarm beyond the limits, by rule, in the last minute. */
  readonly overflow: Map<string, number>;
}

/** No changes yet. */
export function noChanges(): Changes {
  return { opened: [], wentOn: new Map(), ended: new Map(), overflow: new Map() };
}

/**
 * Judge settled minutes for rules of one source.
 *
 * @param open     all open alarms, of whatever rule
 * @param from     the first minute, `to` the one after the last
 * @param changes  are added here
 */
export async function judgeRules(
  rules: readonly AlarmRule[],
  read: RuleSeries,
  open: readonly AlarmRow[],
  cluster: Cluster,
  { from, to }: { readonly from: number; readonly to: number },
  changes: Changes,
): Promise<void> {
  const byRule = Map.groupBy(open, (row) => row.rule_id);
  // How many are open counts over all rules; those of this round are in `changes` already.
  const room = { left: alarmLimits.open - open.length - changes.opened.length };
  let sinceMs = performance.now();
  for (const rule of rules) {
    // A thousand rules on a thousand instances take seconds: everything else of this process goes on meanwhile.
    if (performance.now() - sinceMs > longestTurnMs) {
      await setImmediate();
      sinceMs = performance.now();
    }
    const rows = byRule.get(rule.id) ?? [];
    const all = completeTargets(rule, read.get(rule.id)?.() ?? [], rows.map(targetOf), cluster);
    judgeRule(rule, all, rows, { from, to }, changes, room);
  }
}

function judgeRule(
  rule: AlarmRule,
  all: readonly Series[],
  rows: readonly AlarmRow[],
  { from, to }: { readonly from: number; readonly to: number },
  changes: Changes,
  room: { left: number },
): void {
  const rowOf = new Map(rows.map((row) => [row.target, row]));
  let ofRule = rows.length;
  let more = 0;
  for (const series of all) {
    const key = targetKey(series.target);
    const row = rowOf.get(key);
    rowOf.delete(key);
    // The one at hand: that of the row, then those that this round opens.
    let course = row === undefined ? undefined : courseFromRow(row);
    let fresh: NewAlarm | undefined;
    for (let minute = from; minute < to; minute++) {
      const step = advance(rule, course, series, minute);
      if (step.kind === "none") continue;
      if (step.kind === "open") {
        if (ofRule >= alarmLimits.openOfRule || room.left <= 0) {
          if (minute === to - 1) more++;
          continue;
        }
        ofRule++;
        room.left--;
        course = step.course;
        fresh = { id: createAlarmId(), rule, target: series.target, course, why: AlarmResolution.UNSPECIFIED };
        changes.opened.push(fresh);
        continue;
      }
      course = step.kind === "end" ? undefined : step.course;
      if (fresh !== undefined) {
        fresh.course = step.course;
        if (step.kind === "end") fresh.why = step.why;
      } else if (row !== undefined && step.kind === "go-on") {
        changes.wentOn.set(row.id, { rule, course: step.course });
      } else if (row !== undefined && step.kind === "end") {
        changes.wentOn.delete(row.id);
        changes.ended.set(row.id, { course: step.course, why: step.why });
      }
    }
  }
  // Their targets are none any more.
  for (const row of rowOf.values()) {
    changes.ended.set(row.id, { course: courseFromRow(row), why: AlarmResolution.TARGET_GONE });
  }
  changes.overflow.set(rule.id, more);
}

function createAlarmId(): string {
  return randomBytes(8).toString("hex");
}
