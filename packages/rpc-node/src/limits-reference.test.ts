import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultHeadLimits } from "@msec/wire";
import { defaultChannelLimits, defaultListenerLimits } from "./limits.ts";

const text = readFileSync(new URL("../../../docs/reference/limits.md", import.meta.url), "utf8");

function section(title: string): Map<string, number> {
  const part = text.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? "";
  return new Map([...part.matchAll(/^\| `([\w.]+)` \| (\d+) \|/gm)].map(([, name, value]) => [name!, Number(value)]));
}

function flat(limits: object, prefix = ""): [string, number][] {
  return Object.entries(limits).flatMap(([name, value]) =>
    typeof value === "number"
      ? [[prefix + name, value] as [string, number]]
      : flat(value as object, `${prefix}${name}.`),
  );
}

for (const [title, limits] of [
  ["Listener", defaultListenerLimits],
  ["Channel", defaultChannelLimits],
  ["Head", defaultHeadLimits],
] as const) {
  test(`docs/reference/limits.md has every limit of section ${title}, with its default, and no other`, () => {
    assert.deepEqual([...section(title)].sort(), flat(limits).sort());
  });
}
