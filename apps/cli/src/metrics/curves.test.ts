import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttributeSchema, MetricKind } from "@msec/api/console/v1/metrics_pb.js";
import { messagesIn } from "../messages/messages.ts";
import { styleOf } from "../output/style.ts";
import { minuteLines, summaryLines, valueText } from "./curve-lines.ts";
import { sparkline, summaryOf } from "./curve-summary.ts";
import { onStepsOf, usualStep, wholeSteps } from "./read-curves.ts";

const words = { messages: messagesIn("en"), style: styleOf({ color: false }) };
const attributeOf = (kind: MetricKind, unit = "") => create(AttributeSchema, { name: "usr.a", kind, unit });

test("sum, greatest, least and mean are those of the steps that have something", () => {
  assert.deepEqual(summaryOf([0, 6, Number.NaN, 2, 0]), { sum: 8, max: 6, min: 2, mean: 4, steps: 2 });
  assert.deepEqual(summaryOf([-3, 1]), { sum: -2, max: 1, min: -3, mean: -1, steps: 2 });
  assert.deepEqual(summaryOf([0, Number.NaN]), {
    ...{ sum: 0, max: Number.NaN, min: Number.NaN, mean: Number.NaN, steps: 0 },
  });
});

test("a curve of text stands on 0, has gaps where nothing was, and is cut to its width by means", () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 40), "▁▂▃▄▅▆▇█");
  assert.equal(sparkline([7, Number.NaN, 7], 40), "█ █");
  assert.equal(sparkline([0, 0, 4, 4, Number.NaN, Number.NaN], 3), "▁█ ");
  assert.equal(sparkline([-7, 0], 40), "▁█", "below 0 the least is the bottom");
  assert.equal(sparkline([5, 5], 40, 10), "▅▅", "two curves on one scale");
  assert.equal(sparkline([0, 0], 40), "▁▁");
  assert.equal(sparkline([], 40), "");
});

test("values have the unit of their attribute", () => {
  assert.deepEqual(
    [valueText(61.25, "percent"), valueText(64_312_320, "bytes"), valueText(3.42, "ms"), valueText(0.125, "")],
    ["61.25 %", "61.3 MiB", "3.42 ms", "0.125"],
  );
  assert.deepEqual([valueText(1204, ""), valueText(Number.NaN, "bytes")], ["1204", "–"]);
});

test("a range ends with the last whole step that has arrived, and is never empty", () => {
  const minute = 60_000;
  const now = 100 * minute + 2_000;
  // The hundredth minute's last samples are under way for another second.
  assert.deepEqual(wholeSteps({ fromMs: now - 10 * minute, toMs: now, stepS: 60 }, now), {
    ...{ fromMs: 90 * minute, toMs: 99 * minute, stepS: 60 },
  });
  assert.equal(wholeSteps({ fromMs: now - 500, toMs: now, stepS: 60 }, now).fromMs, 98 * minute);
  assert.deepEqual([3_600_000, 86_400_000, 7 * 86_400_000, 30 * 86_400_000].map(usualStep), [60, 60, 600, 3_600]);
});

test("days before that are kept by longer steps are laid on the shorter ones: counts are shared out, gauges repeated", () => {
  const [now, before] = [{ stepS: 60, points: 4 }, { stepS: 120 }];
  assert.deepEqual(onStepsOf(now, before, [10, 20], MetricKind.COUNTER), [5, 5, 10, 10]);
  assert.deepEqual(onStepsOf(now, before, [10], MetricKind.GAUGE), [10, 10, Number.NaN, Number.NaN]);
});

test("curves and their minutes are tables, with what was before beside and below", () => {
  const fromMs = new Date(2026, 10, 22, 8, 0).getTime();
  const curve = { attribute: attributeOf(MetricKind.COUNTER), host: "", instance: "" };
  const curves = {
    ...{ fromMs, stepS: 60, points: 3, truncated: false },
    curves: [{ ...curve, values: [2, 4, 0], before: [4, 4, 0] }],
  };
  assert.deepEqual(summaryLines(curves, "yesterday", words), [
    "ATTRIBUTE    BY 1m  SUM  MAX  MIN  MEAN  STEPS",
    "usr.a        ▅█▁      6    4    2     3    2/3",
    "  yesterday  ██▁      8    4    4     4    2/3",
  ]);
  assert.deepEqual(minuteLines(curves, "yesterday", words, fromMs), [
    "TIME   usr.a  yesterday  CHANGE",
    "08:00      2          4   -50 %",
    "08:01      4          4   0.0 %",
    "08:02      0          0       –",
  ]);
  const split = {
    ...{ fromMs, stepS: 10, points: 1, truncated: false },
    curves: [
      {
        attribute: attributeOf(MetricKind.GAUGE, "ms"),
        ...{ host: "a\u001b", instance: "127.0.0.1:1", values: [1.5], before: undefined },
      },
    ],
  };
  assert.deepEqual(summaryLines(split, "", words), [
    "ATTRIBUTE  INSTANCE             BY 10s  SUM      MAX      MIN     MEAN  STEPS",
    "usr.a      127.0.0.1:1 @ a\\x1b  █         –  1.50 ms  1.50 ms  1.50 ms    1/1",
  ]);
  assert.match(minuteLines(split, "", words, fromMs)[1] ?? "", /^08:00:00\s+1\.50 ms$/);
});
