import { AlarmCondition, AlarmResolution, type AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import type { Log } from "@msec/process";
import type { AlarmSeries } from "@msec/telemetry-store/alarm-series";
import type { ServerStore } from "../../schema.ts";
import { foldAlarms } from "../engine/fold.ts";
import { matchesService } from "../engine/target.ts";
import { enqueueDue, enqueueEnded } from "../notify/enqueue.ts";
import { type AlarmRow, courseFromRow, ruleFromRow, ruleFromText, targetOf } from "../rows.ts";
import { ClockSteps } from "./clock-steps.ts";
import type { Cluster } from "./cluster.ts";
import { followClock } from "./follow-clock.ts";
import { judgeRules, noChanges } from "./judge-rules.ts";
import { type Lease, LeaseLost } from "./lease.ts";
import { LivenessLog } from "./liveness-log.ts";
import { type RuleSeries, readSeries, Source, sourceOf, sources } from "./read-series.ts";
import { alarmsWithoutRule, writeChanges } from "./write-changes.ts";

const minuteMs = 60_000;

/** Times of judging, milliseconds; tests make them short. */
export interface EvaluatorTimes {
  /** How long after its end a minute is judged: what comes later was held up by a failure. Default 30_000. */
  readonly settleMs: number;
  /** How long after a failure of the store, and after the start, spools of agents are waited for. Default 60_000. */
  readonly recoverMs: number;
  /** How many minutes are caught up at most; older ones stay unjudged. Default 10. */
  readonly catchUpMinutes: number;
  /** How old edges of calls may be that folding uses. Default 60_000. */
  readonly edgesMs: number;
}

/** What holds unless something else is said. */
export const evaluatorTimes: EvaluatorTimes = {
  settleMs: 30_000,
  recoverMs: 60_000,
  catchUpMinutes: 10,
  edgesMs: 60_000,
};

/** What an evaluator works with. */
export interface EvaluatorParts {
  readonly store: ServerStore;
  readonly series: AlarmSeries;
  readonly lease: Lease;
  readonly readCluster: () => Promise<Cluster>;
  readonly log: Log;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** See `ClockSteps`. */
  readonly elapsed: () => number;
  readonly times: EvaluatorTimes;
}

interface JudgedSource {
  readonly source: Source;
  readonly rules: readonly AlarmRule[];
  /** The newest minute judged before. */
  readonly judgedMs: number;
  readonly from: number;
  readonly to: number;
  readonly series: RuleSeries;
}

/**
 * Judges the settled minutes, folds the alarms and writes down whom to tell. One round is one transaction, fenced by the
 * lease; what cannot be read is not judged.
 */
export class Evaluator {
  readonly #parts: EvaluatorParts;
  readonly #liveness = new LivenessLog();
  readonly #clock: ClockSteps;
  /** By how much the clock was set since what waits in the database was taken along. */
  #setByMs = 0;
  #startedMs: number;
  /** No minute before is judged: the clock was set, and what it had skipped did not happen. */
  #firstMinute = 0;
  /** When a source that had failed answered again. */
  readonly #recoveredMs = new Map<Source, number>();
  #edges: { readonly atMs: number; readonly keys: ReadonlySet<string> } = { atMs: 0, keys: new Set() };

  constructor(parts: EvaluatorParts) {
    this.#parts = parts;
    this.#startedMs = parts.now();
    this.#clock = new ClockSteps(parts.now, parts.elapsed);
  }

  /**
   * One round; to be called every few seconds. Does nothing where another server has the lease.
   *
   * @returns how many minutes were judged, of all sources together
   * @throws database errors: nothing was changed
   */
  async round(): Promise<number> {
    const { store, lease, readCluster, now } = this.#parts;
    const cluster = await readCluster();
    const { nowMs, stepMs } = this.#clock.look();
    if (stepMs !== 0) this.#beginAnew(stepMs);
    // Whoever takes the lease over has seen who lived.
    this.#liveness.observe(cluster, now());
    if (!(await lease.take())) {
      // Who has the lease sees to it by its own clock.
      this.#setByMs = 0;
      return 0;
    }
    const rows = await store.db.selectFrom("alarm_rule").selectAll().where("enabled", "=", 1).execute();
    const rules = rows.map(ruleFromRow);
    const judged: JudgedSource[] = [];
    for (const source of sources) {
      const one = await this.#readSource(
        source,
        rules.filter((rule) => sourceOf(rule) === source),
      );
      if (one !== undefined) judged.push(one);
    }
    if (rules.length > 0) await this.#readEdges();
    try {
      const minutes = await this.#write(rules, judged, cluster, nowMs);
      this.#setByMs = 0;
      return minutes;
    } catch (error) {
      if (error instanceof LeaseLost) return 0;
      throw error;
    }
  }

  /** The clock was set: minutes that it skipped are no silence, and those that it shows again were judged. */
  #beginAnew(stepMs: number): void {
    const { log, now } = this.#parts;
    const seconds = Math.round(Math.abs(stepMs) / 1_000);
    const how = `${seconds} s ${stepMs > 0 ? "forward (or this machine slept)" : "back"}`;
    log.warn(`the clock of this machine was set ${how}: alarm rules judge from the next minute on`);
    this.#setByMs += stepMs;
    this.#startedMs = now();
    this.#firstMinute = Math.floor(now() / minuteMs) + 1;
    this.#liveness.beginAnew();
    this.#recoveredMs.clear();
    this.#edges = { ...this.#edges, atMs: 0 };
  }

  /** Read what a source needs for the minutes that are due. @returns `undefined`: nothing is due, or it cannot be read */
  async #readSource(source: Source, rules: readonly AlarmRule[]): Promise<JudgedSource | undefined> {
    const { store, series, now, times, log } = this.#parts;
    const progress = await store.db
      .selectFrom("alarm_progress")
      .selectAll()
      .where("source", "=", source)
      .executeTakeFirst();
    const judgedMs = progress?.judged_ms ?? 0;
    const settled = Math.floor((now() - times.settleMs) / minuteMs) - 1;
    // A minute that is still to come was judged before the clock was set back.
    const next = judgedMs === 0 || judgedMs > now() + minuteMs ? settled : judgedMs / minuteMs + 1;
    const from = Math.max(next, settled - times.catchUpMinutes + 1, this.#firstMinute);
    if (from > settled) return undefined;
    try {
      const read = await readSeries(series, this.#liveness, source, rules, from, settled + 1);
      if (progress !== undefined && progress.failing_since_ms > 0 && this.#mustWait(source)) return undefined;
      this.#recoveredMs.delete(source);
      return { source, rules, judgedMs, from, to: settled + 1, series: read };
    } catch (error) {
      this.#recoveredMs.delete(source);
      if ((progress?.failing_since_ms ?? 0) === 0) {
        log.warn(`alarm rules on ${source} are not evaluated: the telemetry store does not answer`, { error });
      }
      await this.#noteFailure(source, judgedMs, progress?.failing_since_ms || now());
      return undefined;
    }
  }

  /** After a failure, agents' spools bring what was missed: judging at once would take that for silence. */
  #mustWait(source: Source): boolean {
    const { now, times } = this.#parts;
    const since = this.#recoveredMs.get(source) ?? now();
    this.#recoveredMs.set(source, since);
    return now() < since + times.recoverMs;
  }

  async #noteFailure(source: Source, judgedMs: number, failingSinceMs: number): Promise<void> {
    const { store, lease } = this.#parts;
    const failure = "the telemetry store does not answer, or not in time";
    await store.transaction(async (transaction) => {
      await lease.fence(transaction);
      await transaction
        .insertInto("alarm_progress")
        .values({ source, judged_ms: judgedMs, failing_since_ms: failingSinceMs, failure })
        .onConflict((conflict) => conflict.column("source").doUpdateSet({ failing_since_ms: failingSinceMs, failure }))
        .execute();
    });
  }

  /** Who calls whom, once a minute: before the first alarm opens, as it may fold at once. */
  async #readEdges(): Promise<void> {
    const { series, now, times } = this.#parts;
    if (now() < this.#edges.atMs + times.edgesMs) return;
    try {
      const minute = Math.floor(now() / minuteMs);
      const edges = await series.queryEdges({ from: minute - 15, to: minute + 1 });
      this.#edges = { atMs: now(), keys: new Set(edges.map(({ caller, callee }) => `${caller} ${callee}`)) };
    } catch {
      // The last ones hold; that the store fails is said by the sources.
    }
  }

  async #write(
    rules: readonly AlarmRule[],
    judged: readonly JudgedSource[],
    cluster: Cluster,
    nowMs: number,
  ): Promise<number> {
    const { store, lease, times } = this.#parts;
    const spoolsArrive = nowMs < this.#startedMs + times.recoverMs * 2;
    return await store.transaction(async (transaction) => {
      await lease.fence(transaction);
      await followClock(transaction, this.#setByMs, nowMs);
      const open = await transaction.selectFrom("alarm").selectAll().where("is_open", "=", 1).execute();
      const changes = noChanges();
      const orphans = alarmsWithoutRule(open, rules);
      for (const row of orphans) {
        changes.ended.set(row.id, { course: courseFromRow(row), why: AlarmResolution.RULE_CHANGED });
      }
      const kept = open.filter((row) => !orphans.includes(row));
      let minutes = 0;
      for (const { source, rules: ofSource, judgedMs, from, to, series } of judged) {
        const progress = await transaction
          .selectFrom("alarm_progress")
          .select("judged_ms")
          .where("source", "=", source)
          .executeTakeFirst();
        // Judged by another server in between.
        if ((progress?.judged_ms ?? 0) !== judgedMs) continue;
        const ready =
          spoolsArrive && source !== Source.Liveness ? ofSource.filter((rule) => !isOfSilence(rule)) : ofSource;
        await judgeRules(ready, series, kept, cluster, { from, to }, changes);
        minutes += to - from;
        await transaction
          .insertInto("alarm_progress")
          .values({ source, judged_ms: (to - 1) * minuteMs, failing_since_ms: 0, failure: "" })
          .onConflict((conflict) =>
            conflict.column("source").doUpdateSet({ judged_ms: (to - 1) * minuteMs, failing_since_ms: 0, failure: "" }),
          )
          .execute();
      }
      const ended = await writeChanges(transaction, changes, nowMs);
      const isChanged = changes.opened.length > 0 || ended.length > 0;
      const after = await transaction.selectFrom("alarm").selectAll().where("is_open", "=", 1).execute();
      const folded = await this.#fold(after, cluster, (id, causeId) =>
        transaction.updateTable("alarm").set({ cause_id: causeId }).where("id", "=", id).execute(),
      );
      if (isChanged) await enqueueEnded(transaction, [...ended, ...endedAtOnce(changes.opened)], nowMs);
      await enqueueDue(transaction, folded, nowMs);
      return minutes;
    });
  }

  async #fold(
    open: readonly AlarmRow[],
    cluster: Cluster,
    write: (id: string, causeId: string) => Promise<unknown>,
  ): Promise<AlarmRow[]> {
    const hostOf = new Map(cluster.instances.map(({ instance, host }) => [instance, host]));
    const causes = foldAlarms(
      open.map((row) => {
        const { subject, condition } = ruleFromText(row.definition);
        return { id: row.id, target: targetOf(row), severity: row.severity, subject, condition, firstMs: row.first_ms };
      }),
      {
        instancesOf: (service) =>
          cluster.instances.filter((one) => matchesService(service, one.service)).map(({ instance }) => instance),
        hostOf: (instance) => hostOf.get(instance),
        calls: (caller, callee) => this.#edges.keys.has(`${caller} ${callee}`),
      },
    );
    const folded: AlarmRow[] = [];
    for (const row of open) {
      const cause_id = causes.get(row.id) ?? "";
      if (cause_id !== row.cause_id) await write(row.id, cause_id);
      folded.push({ ...row, cause_id });
    }
    return folded;
  }
}

function isOfSilence(rule: AlarmRule): boolean {
  // Below counts nothing as zero, so it is as easily fooled.
  return rule.condition === AlarmCondition.SILENT || rule.condition === AlarmCondition.BELOW;
}

function endedAtOnce(opened: readonly { readonly id: string; readonly why: AlarmResolution }[]): string[] {
  return opened.filter(({ why }) => why !== AlarmResolution.UNSPECIFIED).map(({ id }) => id);
}
