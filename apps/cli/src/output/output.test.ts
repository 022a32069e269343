import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatDuration, formatUptime } from "./quantity.ts";
import { runningReleases } from "./running-releases.ts";
import { styleOf } from "./style.ts";
import { tableLines } from "./table.ts";
import { textWidth } from "./text-width.ts";
import { treeLines } from "./tree.ts";

test("columns line up where Chinese characters take two columns and colours none", () => {
  const red = styleOf({ color: true }).bad("dead");
  assert.equal(textWidth(red), 4);
  assert.deepEqual(
    tableLines(
      [{ heading: "名称" }, { heading: "PID", align: "right" }],
      [
        ["server", "7"],
        ["流量", "1234"],
      ],
    ),
    ["名称     PID", "server     7", "流量    1234"],
  );
});

test("without colours a style changes nothing", () => {
  assert.equal(styleOf({ color: false }).bad("dead"), "dead");
});

test("a tree's branches follow its children, also under a node of two lines", () => {
  const leaf = { text: "c", children: [] };
  const node = { text: "a", children: [{ text: "b\nb2", children: [leaf] }, leaf] };
  assert.deepEqual(treeLines([node]), ["a", "├─ b", "│  b2", "│  └─ c", "└─ c"]);
});

test("times and amounts have the unit that fits them", () => {
  assert.deepEqual([-5, 59_999, 185_000, 8_040_000, 439_200_000].map(formatUptime), [
    "0s",
    "59s",
    "3m 05s",
    "2h 14m",
    "5d 02h",
  ]);
  assert.deepEqual([12, 2048, 64_312_320, 1_288_490_189].map(formatBytes), ["12 B", "2 KiB", "61.3 MiB", "1.2 GiB"]);
  assert.deepEqual([840, 3420, 1_204_000].map(formatDuration), ["840 µs", "3.42 ms", "1.20 s"]);
});

test("releases are counted, the most frequent first, without those that nobody knows", () => {
  assert.deepEqual(runningReleases(["b", "a", "", "a"]), [
    ["a", 2],
    ["b", 1],
  ]);
});
