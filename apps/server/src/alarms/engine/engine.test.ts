import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  AlarmBaseline,
  AlarmCondition,
  AlarmDirection,
  AlarmResolution,
  type AlarmRule,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { RpcError } from "@msec/rpc";
import { Level } from "@msec/telemetry";
import { levelNumbers } from "@msec/telemetry-store";
import { type RuleChanges, ruleOf } from "../testing/rules.ts";
import { type AlarmCourse, advance, idleMinutesMin } from "./advance.ts";
import { type FoldableAlarm, foldAlarms } from "./fold.ts";
import { boundsAt, dayBefore, dayMinutes, judge, type Series } from "./judge.ts";
import { preview } from "./preview.ts";
import { alarmLimits, checkRule } from "./rule.ts";
import { matchesService } from "./target.ts";

const target = { service: "Flight.mod_flight", instance: "", host: "" };

/** Values from minute 100 on; `undefined`: no data. */
function seriesOf(values: readonly (number | undefined)[], empty?: 0): Series {
  const known = values.flatMap((value, index): [number, number][] =>
    value === undefined ? [] : [[100 + index, value]],
  );
  return { target, values: new Map(known), empty };
}

/** What each minute from 100 on did. */
function run(rule: AlarmRule, series: Series, minutes: number) {
  let open: AlarmCourse | undefined;
  return Array.from({ length: minutes }, (_, index) => {
    const step = advance(rule, open, series, 100 + index);
    open = step.kind === "open" || step.kind === "go-on" ? step.course : undefined;
    return step;
  });
}

it("judges by the levels that services write and the store finds", () => {
  assert.deepEqual(Object.entries(levelNumbers), Object.entries(Level));
});

describe("one minute's verdict", () => {
  const { ABOVE, BELOW, CHANGE, CHANGE_PERCENT, SILENT } = AlarmCondition;
  const { BOTH, RISE, FALL } = AlarmDirection;
  const previous = { baseline: AlarmBaseline.PREVIOUS, baselineMinutes: 2, direction: BOTH };
  const cases: [
    name: string,
    rule: RuleChanges,
    values: (number | undefined)[],
    empty: 0 | undefined,
    bad: boolean | undefined,
  ][] = [
    ["above", { condition: ABOVE, threshold: 5 }, [5.1], undefined, true],
    ["not above what is equal", { condition: ABOVE, threshold: 5 }, [5], undefined, false],
    ["below", { condition: BELOW, threshold: 5 }, [4], undefined, true],
    ["below, where nothing was counted", { condition: BELOW, threshold: 5 }, [undefined], 0, true],
    ["nothing to judge in a ratio of no calls", { condition: BELOW, threshold: 5 }, [undefined], undefined, undefined],
    ["a value that is no number", { condition: ABOVE, threshold: 5 }, [Number.NaN], undefined, undefined],
    ["a change up", { condition: CHANGE, threshold: 5, ...previous }, [10, 10, 16], undefined, true],
    ["a change down", { condition: CHANGE, threshold: 5, ...previous }, [10, 10, 4], undefined, true],
    ["a change within", { condition: CHANGE, threshold: 5, ...previous }, [10, 10, 15], undefined, false],
    [
      "a rise where only falls count",
      { condition: CHANGE, threshold: 5, ...previous, direction: FALL },
      [10, 10, 90],
      undefined,
      false,
    ],
    [
      "a fall where only falls count",
      { condition: CHANGE, threshold: 5, ...previous, direction: FALL },
      [10, 10, 1],
      undefined,
      true,
    ],
    [
      "a fall where only rises count",
      { condition: CHANGE, threshold: 5, ...previous, direction: RISE },
      [10, 10, 1],
      undefined,
      false,
    ],
    ["percent", { condition: CHANGE_PERCENT, threshold: 50, ...previous }, [10, 10, 16], undefined, true],
    ["percent within", { condition: CHANGE_PERCENT, threshold: 50, ...previous }, [10, 10, 15], undefined, false],
    ["percent of nothing", { condition: CHANGE_PERCENT, threshold: 50, ...previous }, [0, 0, 1], undefined, true],
    ["nothing after nothing", { condition: CHANGE_PERCENT, threshold: 50, ...previous }, [0, 0, 0], undefined, false],
    [
      "a negative baseline",
      { condition: CHANGE_PERCENT, threshold: 50, ...previous },
      [-10, -10, -16],
      undefined,
      true,
    ],
    [
      "the minutes before that there are",
      { condition: CHANGE, threshold: 5, ...previous },
      [undefined, 10, 16],
      undefined,
      true,
    ],
    [
      "no minutes before",
      { condition: CHANGE, threshold: 5, ...previous },
      [undefined, undefined, 16],
      undefined,
      undefined,
    ],
    ["silence", { condition: SILENT }, [1, undefined], 0, true],
    ["zero, which is no silence", { condition: SILENT }, [1, 0], 0, false],
  ];
  for (const [name, changes, values, empty, bad] of cases) {
    it(`knows ${name}`, () => {
      const last = 100 + values.length - 1;
      assert.equal(judge(ruleOf(changes), seriesOf(values, empty), last).bad, bad);
    });
  }

  it("takes yesterday by the clock on the wall, where a day has 23 or 25 hours too", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
    try {
      const minuteOf = (text: string) => Date.parse(text) / 60_000;
      const days: [today: string, before: string][] = [
        ["2026-03-30T09:15:00+02:00", "2026-03-29T09:15:00+02:00"],
        ["2026-03-29T09:15:00+02:00", "2026-03-28T09:15:00+01:00"],
        // The day before had no 02:30.
        ["2026-03-30T02:30:00+02:00", "2026-03-29T03:30:00+02:00"],
        ["2026-10-25T02:30:00+02:00", "2026-10-24T02:30:00+02:00"],
        ["2026-10-25T02:30:00+01:00", "2026-10-24T02:30:00+02:00"],
        ["2026-10-25T09:15:00+01:00", "2026-10-24T09:15:00+02:00"],
        ["2026-10-26T09:15:00+01:00", "2026-10-25T09:15:00+01:00"],
      ];
      for (const [today, before] of days) {
        assert.equal(
          new Date(dayBefore(minuteOf(today)) * 60_000).toISOString(),
          new Date(before).toISOString(),
          today,
        );
      }
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("compares with the same minute of yesterday", () => {
    const rule = ruleOf({
      condition: CHANGE_PERCENT,
      threshold: 50,
      baseline: AlarmBaseline.YESTERDAY,
      direction: BOTH,
    });
    const series = {
      target,
      values: new Map([
        [5_000 - dayMinutes, 100],
        [5_000, 151],
        [5_001, 151],
      ]),
      empty: undefined,
    };
    assert.deepEqual(judge(rule, series, 5_000), { bad: true, value: 151, baseline: 100 });
    assert.equal(judge(rule, series, 5_001).bad, undefined, "yesterday had no such minute");
    assert.deepEqual(boundsAt(rule, 100), { upper: 150, lower: 50 });
  });
});

describe("the course of an alarm", () => {
  it("opens when it was so in N of M minutes, with what they had, and not in a good minute", () => {
    const rule = ruleOf({ forMinutes: 2, ofMinutes: 3 });
    const steps = run(rule, seriesOf([9, 0, 0, 8, 0, 7, 1]), 7);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["none", "none", "none", "none", "none", "open", "go-on"],
    );
    const { course } = steps[5] as { course: AlarmCourse };
    assert.deepEqual([course.first, course.last, course.count, course.peak, course.lastValue], [103, 105, 2, 8, 7]);
  });

  it("ends after so many good minutes in a row", () => {
    const steps = run(ruleOf({ resolveMinutes: 2 }), seriesOf([9, 1, 12, 1, 1, 9]), 6);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["open", "go-on", "go-on", "go-on", "end", "open"],
    );
    const end = steps[4] as { course: AlarmCourse; why: AlarmResolution };
    assert.deepEqual([end.why, end.course.count, end.course.peak, end.course.last], [AlarmResolution.GOOD, 2, 12, 102]);
  });

  it("keeps the least value as the worst where low is bad", () => {
    const steps = run(ruleOf({ condition: AlarmCondition.BELOW, threshold: 10 }), seriesOf([5, 2, 4]), 3);
    assert.equal((steps[2] as { course: AlarmCourse }).course.peak, 2);
  });

  it("is neither good nor bad without data, and ends when that lasts", () => {
    const steps = run(ruleOf(), seriesOf([9, 1]), 2 + idleMinutesMin);
    assert.deepEqual(
      steps.slice(1, -1).every(({ kind }) => kind === "go-on"),
      true,
    );
    const end = steps.at(-1) as { kind: string; why: AlarmResolution };
    assert.deepEqual([end.kind, end.why], ["end", AlarmResolution.NO_DATA]);
  });

  it("has no value for silence, which ends when data come", () => {
    const steps = run(
      ruleOf({ condition: AlarmCondition.SILENT, resolveMinutes: 1 }),
      seriesOf([1, undefined, undefined, 3]),
      4,
    );
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["none", "open", "go-on", "end"],
    );
    assert.deepEqual((steps[2] as { course: AlarmCourse }).course.peak, undefined);
  });

  it("keeps infinite changes in a number that a database knows", () => {
    const rule = ruleOf({
      condition: AlarmCondition.CHANGE_PERCENT,
      threshold: 50,
      baseline: AlarmBaseline.PREVIOUS,
      baselineMinutes: 1,
      direction: AlarmDirection.BOTH,
    });
    const [, step] = run(rule, seriesOf([0, 7]), 2);
    assert.ok(Number.isFinite((step as { course: AlarmCourse }).course.peakScore));
  });

  it("previews how often a rule would have fired", () => {
    const result = preview(ruleOf({ resolveMinutes: 1 }), seriesOf([9, 1, 9, 9, 1, 1, 9]), 100, 107);
    assert.deepEqual([result.fired, result.badMinutes], [3, 4]);
  });
});

describe("folding", () => {
  const { ERROR_RATIO, P99, LIVENESS, CALLS } = AlarmSubject;
  const { ABOVE, SILENT } = AlarmCondition;
  const alarm = (
    id: string,
    where: Partial<FoldableAlarm["target"]>,
    changes: Partial<FoldableAlarm> = {},
  ): FoldableAlarm => ({
    id,
    target: { service: "", instance: "", host: "", ...where },
    severity: AlarmSeverity.WARNING,
    subject: ERROR_RATIO,
    condition: ABOVE,
    firstMs: 1_000,
    ...changes,
  });
  const around = {
    instancesOf: (service: string) =>
      service === "Flight.mod_flight" ? ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"] : [],
    hostOf: (instance: string) => (instance === "10.0.0.1:1" ? "alpha" : "beta"),
    calls: (caller: string, callee: string) =>
      ["Web.edge Flight.mod_flight", "Flight.mod_flight Login.mod_user", "Loop.a Loop.b", "Loop.b Loop.a"].includes(
        `${caller} ${callee}`,
      ),
  };
  const silent = { subject: LIVENESS, condition: SILENT } as const;
  const causes = (...alarms: FoldableAlarm[]) => Object.fromEntries(foldAlarms(alarms, around));

  it("explains everything of an instance by its silent host, and its silence too", () => {
    const host = alarm("host", { host: "alpha" }, { ...silent, firstMs: 3_000 });
    const instance = alarm("instance", { service: "Flight.mod_flight", instance: "10.0.0.1:1" }, silent);
    const errors = alarm("errors", { service: "Flight.mod_flight", instance: "10.0.0.1:1" });
    const other = alarm("other", { service: "Flight.mod_flight", instance: "10.0.0.2:1" });
    assert.deepEqual(causes(host, instance, errors, other), { instance: "host", errors: "host" });
  });

  it("explains a service by its silent instances only when they are half of them", () => {
    const down = (number: number) =>
      alarm(`down${number}`, { service: "Flight.mod_flight", instance: `10.0.0.${number}:1` }, silent);
    const total = alarm("total", { service: "Flight.mod_flight" }, { firstMs: 2_000 });
    assert.deepEqual(causes(down(1), total), {});
    assert.deepEqual(causes(down(1), down(2), total), { total: "down1" });
  });

  it("explains callers by what they call, along the whole chain", () => {
    const login = alarm("login", { service: "Login.mod_user" }, { firstMs: 3_000 });
    const flight = alarm("flight", { service: "Flight.mod_flight" }, { firstMs: 2_000, subject: P99 });
    const edge = alarm("edge", { service: "Web.edge" });
    assert.deepEqual(causes(edge, flight, login), { edge: "flight", flight: "login" });
  });

  it("lets of two that call each other the older one be the cause", () => {
    const a = alarm("a", { service: "Loop.a" }, { firstMs: 1_000 });
    const b = alarm("b", { service: "Loop.b" }, { firstMs: 2_000 });
    assert.deepEqual(Object.keys(causes(a, b)).length, 1);
  });

  it("never hides an alarm behind a less severe one", () => {
    const login = alarm("login", { service: "Login.mod_user" }, { severity: AlarmSeverity.NOTICE });
    const flight = alarm("flight", { service: "Flight.mod_flight" }, { severity: AlarmSeverity.CRITICAL });
    assert.deepEqual(causes(login, flight), {});
  });

  it("does not take many calls for something that a callee caused", () => {
    const login = alarm("login", { service: "Login.mod_user" });
    const calls = alarm("calls", { service: "Flight.mod_flight" }, { subject: CALLS });
    assert.deepEqual(causes(login, calls), {});
  });
});

describe("what a rule may say", () => {
  const { METRIC, LOG, LIVENESS, CALLS } = AlarmSubject;
  const refused: [name: string, rule: RuleChanges, message: RegExp][] = [
    ["no name", { name: " " }, /name is 0 characters: expected 1…100/],
    ["a long name", { name: "x".repeat(101) }, /name is 101 characters/],
    ["no severity", { severity: 0 }, /severity is 0: expected 1 \(notice\), 2 \(warning\), 3 \(critical\)/],
    ["an unknown subject", { subject: 99 as AlarmSubject }, /subject is 99/],
    ["calls of a host", { subject: CALLS, scope: AlarmScope.HOST }, /scope is host/],
    ["no service", { service: "" }, /service is ""/],
    ["a service in another form", { service: "Flight" }, /service is "Flight"/],
    ["SQL for a service", { service: "Flight.x' OR 1=1 --" }, /service is /],
    [
      "a metric of no family",
      { subject: METRIC, metric: "orders" },
      /metric is "orders": expected a name such as usr\.orders/,
    ],
    ["a metric of 10 KB", { subject: METRIC, metric: `usr.${"x".repeat(10_000)}` }, /metric is /],
    ["a log rule without anything", { subject: LOG }, /log_text is empty, as log_level and log_where are/],
    ["a level that is none", { subject: LOG, logLevel: "loud" }, /log_level is "loud"/],
    ["a long text", { subject: LOG, logText: "x".repeat(201) }, /log_text is 201 characters/],
    ["an expression with a mistake", { subject: LOG, logWhere: "level >" }, /^log_where: /],
    [
      "four regular expressions",
      { subject: LOG, logWhere: "text =~ a or text =~ b or not (uid =~ c and uid =~ d)" },
      /log_where: 4 regular expressions \(=~\): at most 3 in a rule/,
    ],
    [
      "a long regular expression",
      { subject: LOG, logWhere: `text =~ "${"x".repeat(201)}"` },
      /log_where: a regular expression of 201 characters: at most 200/,
    ],
    ["no threshold", { threshold: Number.NaN }, /threshold is NaN/],
    ["an infinite one", { threshold: Number.POSITIVE_INFINITY }, /threshold is Infinity/],
    ["a change of nothing", { condition: AlarmCondition.CHANGE, threshold: 0 }, /threshold is 0: expected more than 0/],
    ["a change from nothing", { condition: AlarmCondition.CHANGE }, /baseline is 0/],
    ["three of two minutes", { forMinutes: 3, ofMinutes: 2 }, /for_minutes is 3: expected 1…2 \(of_minutes\)/],
    ["61 minutes", { ofMinutes: 61 }, /of_minutes is 61: expected 1…60/],
    ["no good minutes", { resolveMinutes: 0 }, /resolve_minutes is 0/],
    ["escalation to nobody", { escalateMinutes: 5 }, /escalate_channel_ids is empty/],
    ["liveness above something", { subject: LIVENESS, scope: AlarmScope.INSTANCE }, /condition is 1/],
    ["liveness of a whole service", { subject: LIVENESS, condition: AlarmCondition.SILENT }, /scope is total/],
  ];
  for (const [name, changes, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => checkRule(ruleOf(changes)),
        (error) => error instanceof RpcError && message.test(error.message),
      );
    });
  }

  it("takes the names of the original's metrics", () => {
    for (const metric of ["sys.CPU_Used(%)", "sys.DIR_/_Used(%)", "usr.登录次数", "frm.Msg[a->b]"]) {
      assert.equal(checkRule(ruleOf({ subject: METRIC, metric })).metric, metric);
    }
  });

  it("has the limits that the documents name", () => {
    const text = readFileSync(new URL("../../../../../docs/reference/limits.md", import.meta.url), "utf8");
    const section = /^## Alarms\n([\s\S]*?)^## /m.exec(text)?.[1] ?? "";
    const numbers = [...section.matchAll(/^\| [^|]+ \| ([\d,]+) \|$/gm)].map(([, number = ""]) =>
      Number(number.replace(",", "")),
    );
    const {
      rules,
      rulesOfService,
      logRules,
      patternRules,
      minutes,
      resolveMinutes,
      escalateMinutes,
      openOfRule,
      open,
    } = alarmLimits;
    assert.deepEqual(numbers, [
      rules,
      rulesOfService,
      logRules,
      patternRules,
      minutes,
      resolveMinutes,
      escalateMinutes,
      openOfRule,
      open,
    ]);
  });

  it("drops what does not apply, so that equal rules are equal", () => {
    const rule = checkRule(ruleOf({ metric: "usr.x", logText: "y", baselineMinutes: 5, escalateChannelIds: ["a"] }));
    assert.deepEqual([rule.metric, rule.logText, rule.baselineMinutes, rule.escalateChannelIds], ["", "", 0, []]);
  });

  it("knows the services that a pattern means", () => {
    const matches = (pattern: string) =>
      ["Flight.mod_flight", "FlightX.a", ""].map((service) => matchesService(pattern, service));
    assert.deepEqual(matches("*"), [true, true, false]);
    assert.deepEqual(matches("Flight.*"), [true, false, false]);
    assert.deepEqual(matches("Flight.mod_flight"), [true, false, false]);
  });
});
