import assert from "node:assert/strict";
import { test } from "node:test";
import { findAnchors, findReferences } from "./links.ts";

test("relative links, images and paths in code are references; other sites, fenced code and plain code are not", () => {
  const markdown = [
    "See [guide](docs/guide.md#start) and [site](https://example.org), `packages/wire/src/frame.ts`, `npm test`.",
    '<img src="docs/picture.svg"> `apps/*/src` `[not](a-link.md)`',
    "```",
    "[fenced](gone.md) `packages/gone.ts`",
    "```",
    "[reference]: docs/reference.md",
  ].join("\n");
  assert.deepEqual(
    findReferences(markdown).map(({ kind, target, line }) => `${line} ${kind} ${target}`),
    [
      "1 link docs/guide.md#start",
      "1 path packages/wire/src/frame.ts",
      "2 link docs/picture.svg",
      "6 link docs/reference.md",
    ],
  );
});

test("anchors are those that GitHub makes, numbered where a heading comes twice", () => {
  assert.deepEqual(
    [...findAnchors("# What it is, in `five` lines\n## 状态\n## States\n## States")],
    ["what-it-is-in-five-lines", "状态", "states", "states-1"],
  );
});
