import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AlarmCurveSchema,
  type AlarmRule,
  AlarmSubject,
  type PreviewAlarmRuleResponseSchema,
} from "@msec/api/console/v1/alarms_pb.js";
import { Code, RpcError } from "@msec/rpc";
import { InvalidExpression } from "@msec/telemetry-store";
import type { AlarmSeries } from "@msec/telemetry-store/alarm-series";
import { askTelemetry } from "../telemetry/telemetry-error.ts";
import { curveView } from "./alarm-view.ts";
import { preview } from "./engine/preview.ts";
import { targetKey } from "./engine/target.ts";
import type { Cluster } from "./evaluate/cluster.ts";
import { LivenessLog } from "./evaluate/liveness-log.ts";
import { emptyOf, readSeries, Source, sourceOf } from "./evaluate/read-series.ts";
import { completeTargets } from "./evaluate/targets.ts";
import { type AlarmRow, ruleFromText, targetOf } from "./rows.ts";

const minuteMs = 60_000;
/** Minutes shown before an alarm began and after it ended, and at most in all. */
const marginMinutes = 30;
const curveMinutesMax = 1_440;
const worstMax = 10;

/** What alarms and rules looked like in the past, read from the telemetry store when somebody asks. */
export class AlarmPast {
  readonly #series: AlarmSeries;
  readonly #readCluster: () => Promise<Cluster>;
  readonly #now: () => number;
  readonly #liveness = new LivenessLog();

  constructor(series: AlarmSeries, readCluster: () => Promise<Cluster>, now: () => number) {
    this.#series = series;
    this.#readCluster = readCluster;
    this.#now = now;
  }

  /**
   * Have the telemetry store read the regular expressions of a rule on log lines; other rules need no store.
   *
   * @throws RpcError InvalidArgument naming the place, Unavailable
   */
  async assertPatterns({ subject, logWhere }: AlarmRule): Promise<void> {
    if (subject !== AlarmSubject.LOG) return;
    try {
      await this.#series.assertPatterns(logWhere);
    } catch (error) {
      if (error instanceof InvalidExpression) throw new RpcError(Code.InvalidArgument, `log_where: ${error.message}`);
      await askTelemetry(Promise.reject(error));
    }
  }

  /** The curve of an alarm with its bounds; the newest day of a longer one. */
  async curveOf(
    row: AlarmRow,
  ): Promise<{ curve: MessageInitShape<typeof AlarmCurveSchema> | undefined; failure: string }> {
    const rule = ruleFromText(row.definition);
    if (sourceOf(rule) === Source.Liveness) return { curve: undefined, failure: "" };
    const nowMinute = Math.floor(this.#now() / minuteMs);
    const end =
      row.is_open === 1 ? nowMinute : Math.min(nowMinute, Math.ceil(row.resolved_ms / minuteMs) + marginMinutes);
    const from = Math.max(row.first_ms / minuteMs - marginMinutes, end - curveMinutesMax);
    // One target's series out of many would be read for all: only its service is asked for.
    const narrow = row.service === "" ? rule : { ...rule, service: row.service };
    try {
      const read = await askTelemetry(readSeries(this.#series, this.#liveness, sourceOf(rule), [narrow], from, end));
      const found = read
        .get(rule.id)?.()
        .find(({ target }) => targetKey(target) === row.target);
      const series = found ?? { target: targetOf(row), values: new Map(), empty: emptyOf(rule) };
      return { curve: curveView(rule, series, from, end), failure: "" };
    } catch (error) {
      return { curve: undefined, failure: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * Run a rule over the last hours.
   *
   * @throws RpcError Unavailable, InvalidArgument (too many series, or liveness, which has no past)
   */
  async preview(rule: AlarmRule, hours: number): Promise<MessageInitShape<typeof PreviewAlarmRuleResponseSchema>> {
    // How hosts lived is not kept.
    if (sourceOf(rule) === Source.Liveness) return { fired: 0, targets: 0, seen: 0, worst: [] };
    const to = Math.floor(this.#now() / minuteMs);
    const from = to - hours * 60;
    const read = await askTelemetry(readSeries(this.#series, this.#liveness, sourceOf(rule), [rule], from, to));
    const all = completeTargets(rule, read.get(rule.id)?.() ?? [], [], await this.#readCluster());
    const results = all.map((series) => preview(rule, series, from, to));
    const worst = results
      .filter(({ badMinutes }) => badMinutes > 0)
      .sort((a, b) => b.fired - a.fired || b.badMinutes - a.badMinutes)
      .slice(0, worstMax);
    // Without anything bad the curve of one shows how far the threshold is from what is usual.
    const shown = worst.length > 0 ? worst : results.slice(0, 1);
    return {
      fired: results.reduce((sum, { fired }) => sum + fired, 0),
      targets: results.filter(({ fired }) => fired > 0).length,
      seen: results.length,
      worst: shown.map(({ series, fired, badMinutes }, index) => ({
        ...series.target,
        fired,
        badMinutes,
        // Curves of a whole day for the first ones only: each is some tens of kilobytes.
        ...(index < 3 ? { curve: curveView(rule, series, from, to) } : {}),
      })),
    };
  }
}
