import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SampleKind } from "./batch.ts";
import { findMetric, metricCatalogue } from "./metric-catalogue.ts";
import { METRIC_NAME_MAX_BYTES } from "./metric-name.ts";

test("finds a metric by its name, and what varies in it", () => {
  assert.equal(findMetric("sys.load.1m")?.entry.openTelemetry?.name, "system.cpu.load_average.1m");
  const disk = findMetric("sys.disk./var/lib.used_percent");
  assert.deepEqual([disk?.entry.name, disk?.variable], ["sys.disk.*.used_percent", "/var/lib"]);
  assert.equal(findMetric("sys.cpu.used_percent")?.variable, "");
  assert.equal(findMetric("sys.cpu.12.used_percent")?.variable, "12");
  assert.equal(findMetric("usr.sys.load.1m"), undefined);
  assert.equal(findMetric("sys.disk..used_percent"), undefined);
});

test("has each name once, short enough for a variable part, and no variable where OpenTelemetry's name has none", () => {
  const names = metricCatalogue.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, openTelemetry } of metricCatalogue) {
    assert.match(name, /^(sys|frm)\.[a-z0-9_.*]+$/);
    assert.ok(name.length < METRIC_NAME_MAX_BYTES / 2);
    if (openTelemetry === undefined) continue;
    assert.equal(Object.values(openTelemetry.attributes).includes("*"), name.includes("*"), name);
    assert.ok(openTelemetry.scale > 0);
  }
});

test("stands in docs/reference/metrics.md as it is here", () => {
  const text = readFileSync(new URL("../../../docs/reference/metrics.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const expected = metricCatalogue.map(({ name, kind, unit, english, original, openTelemetry }) => {
    const attributes = Object.entries(openTelemetry?.attributes ?? {}).map(([key, value]) => `${key}=${value}`);
    const semantic = openTelemetry === undefined ? "" : `\`${[openTelemetry.name, ...attributes].join(" ")}\``;
    const kindName = kind === SampleKind.counter ? "counter" : "gauge";
    return `| \`${name}\` | ${kindName} | ${unit} | ${english} | ${original === undefined ? "" : `\`${original}\``} | ${semantic} |`;
  });
  assert.deepEqual(rows, expected);
});
