import { type Alarm, AlarmSubject } from "@msec/api/console/v1/alarms_pb.js";
import { CurveBy, CurveRange, CurveSide } from "../call/curves-search.ts";
import { type LogsSearch, logLevels } from "../log/logs-search.ts";
import type { MonitorSearch } from "../metric/monitor-search.ts";
import type { RequestsSearch } from "../request/requests-search.ts";

const MINUTE_MS = 60_000;
/** Of an alarm that is open for days only its newest part is looked at. */
const LONGEST_MS = 60 * MINUTE_MS;
/** Curves show as much after the alarm, so that one sees whether it is over. */
const AFTER_MS = 10 * MINUTE_MS;

/** Where the cause of an alarm can be looked for, each as far as it makes sense for what its rule looks at. */
export interface AlarmLinks {
  readonly requests?: RequestsSearch;
  readonly curves?: { readonly service: string; readonly search: object };
  readonly logs?: LogsSearch;
  readonly monitor?: MonitorSearch;
}

/**
 * The pages that show what was going on while an alarm was bad: for errors and slowness the requests and curves, for log lines
 * these lines, for a metric its curve; the log of its service always.
 *
 * @param nowMs the server's clock: a range that is not over ends now and moves
 */
export function alarmLinks(alarm: Alarm, nowMs: number): AlarmLinks {
  const { rule, service, instance, host } = alarm;
  if (rule === undefined) return {};
  const from = Math.floor(Math.max(alarm.firstMs, alarm.lastMs - LONGEST_MS)) - MINUTE_MS;
  const to = Math.ceil(alarm.lastMs) + 2 * MINUTE_MS;
  const until = to + AFTER_MS < nowMs ? { until: to + AFTER_MS } : {};
  const place = { ...(service === "" ? {} : { service }), ...(instance === "" ? {} : { instance }) };
  const level = logLevels.find((one) => one === (rule.subject === AlarmSubject.LOG ? rule.logLevel : "error"));
  const where = [rule.logText === "" ? "" : `text ~ ${JSON.stringify(rule.logText)}`, rule.logWhere]
    .filter((part) => part !== "")
    .map((part, _, parts) => (parts.length > 1 ? `(${part})` : part))
    .join(" and ");
  const logs: LogsSearch | undefined =
    service === ""
      ? undefined
      : {
          ...place,
          from,
          to,
          ...(level === undefined ? {} : { level }),
          ...(rule.subject === AlarmSubject.LOG && where !== "" ? { where } : {}),
        };
  const ofCalls: readonly AlarmSubject[] = [AlarmSubject.CALLS, AlarmSubject.ERROR_RATIO, AlarmSubject.P99];
  const calls = service !== "" && ofCalls.includes(rule.subject);
  return {
    ...(calls
      ? {
          requests: {
            ...place,
            from,
            to,
            ...(rule.method === "" ? {} : { method: rule.method }),
            ...(rule.subject === AlarmSubject.ERROR_RATIO ? { failed: true as const } : {}),
            ...(rule.subject === AlarmSubject.P99 ? { order: "slowest" as const } : {}),
          },
          curves: {
            service,
            search: {
              range: CurveRange.Hour,
              ...until,
              ...(rule.countedByCallers ? { side: CurveSide.Callers } : {}),
              ...(rule.countedByCallers ? { by: CurveBy.Caller } : {}),
            },
          },
        }
      : {}),
    ...(logs === undefined ? {} : { logs }),
    ...(rule.subject === AlarmSubject.METRIC || (rule.subject === AlarmSubject.LIVENESS && service === "")
      ? {
          monitor: {
            ...place,
            ...(host === "" ? {} : { host }),
            names: rule.subject === AlarmSubject.METRIC ? rule.metric : "^sys.*$",
            ...until,
          },
        }
      : {}),
  };
}
