import type { Client } from "@connectrpc/connect";
import { type Attribute, MetricKind, MetricService, MetricSplit, Statistic } from "@msec/api/console/v1/metrics_pb.js";
import { nearestName, UserError } from "@msec/process";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { timeText } from "../log/log-text.ts";
import { momentOption } from "../log/moment-option.ts";
import { parseTimeSpan } from "../log/time-span.ts";
import { attributeLines, minuteColumnsMax, minuteLines, stepText, summaryLines } from "../metrics/curve-lines.ts";
import { summaryOf } from "../metrics/curve-summary.ts";
import {
  type Curve,
  type CurveQuery,
  type CurveRange,
  type Curves,
  curveSteps,
  readCurves,
  usualStep,
  wholeSteps,
} from "../metrics/read-curves.ts";
import { watch } from "../output/watch.ts";
import type { AddCommand } from "./command.ts";

/** Attributes of which curves are read at once. */
const attributesMax = 300;
const daysBeforeMax = 365;
const watchMs = 10_000;

const statistics = { mean: Statistic.MEAN, min: Statistic.MIN, max: Statistic.MAX, last: Statistic.LAST } as const;
const splits = { instance: MetricSplit.INSTANCE, host: MetricSplit.HOST } as const;

interface MetricsOptions extends GlobalOptions {
  instance?: string;
  host?: string;
  since: string;
  until?: string;
  step?: string;
  stat: string;
  by?: string;
  compare?: string;
  minutes?: boolean;
  watch?: boolean;
  json?: boolean;
}

/** `msec metrics [service] [attributes...]`: what the monitor page shows, in a terminal. */
export const addMetricsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("metrics")
    .description(messages.metricsDescription)
    .argument("[service]", messages.metricsService)
    .argument("[attributes...]", messages.metricsAttributes)
    .option("--instance <address>", messages.metricsInstance)
    .option("--host <name>", messages.metricsHost)
    .option("--since <time>", messages.metricsSince, "1h")
    .option("--until <time>", messages.metricsUntil)
    .option("--step <span>", messages.metricsStep)
    .option("--stat <word>", messages.metricsStat, "mean")
    .option("--by <what>", messages.metricsBy)
    .option("--compare <days>", messages.metricsCompare)
    .option("--minutes", messages.metricsMinutes)
    .option("--watch", messages.metricsWatch)
    .option("--json", messages.optionJson)
    .action(async (first: string | undefined, rest: string[], _options, command) => {
      const options = command.optsWithGlobals() as MetricsOptions;
      const [service, names] = whatIsAsked(first, rest);
      const query = queryOf(service, options);
      const range = () => rangeOf(options, Date.now());
      range();
      const api = openOperatorApi(getState(context, options), messages, 60_000).client(MetricService);
      const read = async () => {
        const attributes = await findAttributes(api, query, names, range());
        return names === "" ? attributes : await readCurves(api, query, attributes, range());
      };
      const lines = (view: readonly Attribute[] | Curves) =>
        isCurves(view) ? curveLines(view, query, options) : attributeLines(view, context);
      const json = (view: readonly Attribute[] | Curves) =>
        isCurves(view) ? curvesJson(view, query) : { attributes: view.map(attributeJson) };
      if (options.watch) {
        const note = messages.metricsWatching(watchMs / 1_000);
        await watch(context, { everyMs: watchMs, note, read, lines, json: options.json ? json : undefined });
        return;
      }
      const view = await read();
      if (options.json) terminal.out(JSON.stringify(json(view), null, 2));
      else for (const line of lines(view)) terminal.out(line);
      if (isCurves(view) && view.truncated) terminal.err(style.warn(messages.metricsTruncated));
    });

  /** What begins with `^` or has a family's prefix is an attribute: of a host, or of everybody. */
  function whatIsAsked(first: string | undefined, rest: readonly string[]): [service: string, names: string] {
    const isService = first !== undefined && !/^(\^|usr\.|sys\.|frm\.)/.test(first);
    const words = isService || first === undefined ? rest : [first, ...rest];
    if (words.length > 1 && words.some((word) => word.startsWith("^"))) {
      throw usageError(messages.metricsOnePattern, messages.metricsOnePatternHint);
    }
    return [isService ? first : "", words.join(";")];
  }

  function queryOf(service: string, options: MetricsOptions): CurveQuery {
    const { instance = "", host = "", stat, by, compare } = options;
    const statistic = Object.hasOwn(statistics, stat) ? statistics[stat as keyof typeof statistics] : undefined;
    if (statistic === undefined)
      throw usageError(messages.badChoice("--stat", stat, Object.keys(statistics).join(", ")));
    if (by !== undefined && !Object.hasOwn(splits, by)) {
      throw usageError(messages.badChoice("--by", by, Object.keys(splits).join(", ")));
    }
    const split = by === undefined ? MetricSplit.UNSPECIFIED : splits[by as keyof typeof splits];
    return { service, instance, host, statistic, split, daysBefore: daysOf(compare) };
  }

  function daysOf(text: string | undefined): number {
    if (text === undefined) return 0;
    const days = text === "yesterday" ? 1 : /^\d{1,3}d$/.test(text) ? Number(text.slice(0, -1)) : 0;
    if (days < 1 || days > daysBeforeMax) throw usageError(messages.badCompare(text));
    return days;
  }

  function rangeOf({ since, until, step }: MetricsOptions, nowMs: number): CurveRange {
    const fromMs = momentOption("--since", since, nowMs, messages);
    const toMs = until === undefined ? nowMs : momentOption("--until", until, nowMs, messages);
    if (fromMs >= toMs) throw usageError(messages.badRange);
    return wholeSteps({ fromMs, toMs, stepS: stepOf(step) ?? usualStep(toMs - fromMs) }, nowMs);
  }

  function stepOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const seconds = parseTimeSpan(text);
    const step = curveSteps.find((one) => one === seconds);
    if (step === undefined) throw usageError(messages.badChoice("--step", text, curveSteps.map(stepText).join(", ")));
    return step;
  }

  async function findAttributes(
    api: Client<typeof MetricService>,
    { service, instance, host }: CurveQuery,
    names: string,
    { fromMs, toMs }: CurveRange,
  ): Promise<readonly Attribute[]> {
    const { attributes } = await api.listAttributes({ service, instance, host, fromMs, toMs, names });
    if (attributes.length > attributesMax && names !== "") {
      throw new UserError(messages.metricsTooMany(attributes.length, attributesMax), {
        hint: messages.metricsTooManyHint,
      });
    }
    if (attributes.length > 0) return attributes;
    const whose = [service, instance, host].filter((part) => part !== "").join(" ");
    const all = names === "" ? [] : (await api.listAttributes({ service, instance, host, fromMs, toMs })).attributes;
    if (all.length === 0) throw new UserError(messages.metricsNothing(whose), { hint: messages.metricsNothingHint });
    const nearest = nearestName(
      names,
      all.map(({ name }) => name),
    );
    throw new UserError(messages.metricsUnknown(names), {
      hint: nearest === undefined ? messages.metricsUnknownHint(all.length) : messages.documentNearest(nearest),
    });
  }

  function curveLines(view: Curves, query: CurveQuery, options: MetricsOptions): string[] {
    const nowMs = Date.now();
    const before = messages.metricsDaysBefore(query.daysBefore);
    const time = (ms: number) => timeText(ms * 1_000, nowMs).slice(0, -7);
    const toMs = view.fromMs + view.points * view.stepS * 1_000;
    const whose = [query.service, query.instance, query.host].filter((part) => part !== "").join(" ");
    const head = `${style.strong(whose || messages.metricsEverybody)}  ${style.faint(`${time(view.fromMs)} – ${time(toMs)}`)}`;
    // Of one attribute its minutes are what was asked for.
    const minutes =
      options.minutes ?? (!options.watch && new Set(view.curves.map((curve) => curve.attribute)).size === 1);
    const left = view.curves.length - minuteColumnsMax;
    if (view.curves.length === 0) return [head, "", style.faint(messages.metricsNoSteps(stepText(view.stepS)))];
    return [
      head,
      "",
      ...summaryLines(view, before, context),
      ...(minutes ? ["", ...minuteLines(view, before, context, nowMs)] : []),
      ...(query.daysBefore > 0 && view.curves.every((curve) => curve.before === undefined)
        ? ["", style.faint(messages.metricsNothingBefore(before))]
        : []),
      ...(minutes && left > 0 ? [style.faint(messages.metricsMoreColumns(left))] : []),
    ];
  }
};

function isCurves(view: readonly Attribute[] | Curves): view is Curves {
  return "curves" in view;
}

function attributeJson({ name, kind, unit, english, chinese, reporters, lastMs }: Attribute) {
  return { name, kind: kindWord(kind), unit, english, chinese, reporters, lastMs };
}

function curvesJson({ fromMs, stepS, points, curves, truncated }: Curves, query: CurveQuery): unknown {
  const { service, instance, host, daysBefore } = query;
  return { service, instance, host, fromMs, stepS, points, daysBefore, truncated, curves: curves.map(curveJson) };
}

function curveJson({ attribute: { name, kind, unit }, host, instance, values, before }: Curve): unknown {
  return {
    ...{ name, kind: kindWord(kind), unit, host, instance },
    ...partJson(values),
    ...(before === undefined ? {} : { before: partJson(before) }),
  };
}

/** JSON has no NaN: what there is not is null. */
function partJson(values: readonly number[]) {
  const orNull = (value: number) => (Number.isNaN(value) ? null : value);
  const { sum, max, min, mean, steps } = summaryOf(values);
  return { sum, max: orNull(max), min: orNull(min), mean: orNull(mean), steps, values: values.map(orNull) };
}

function kindWord(kind: MetricKind): string {
  return kind === MetricKind.COUNTER ? "counter" : "gauge";
}
