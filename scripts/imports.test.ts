import assert from "node:assert/strict";
import { test } from "node:test";
import { readWorkspaces } from "./check-imports.ts";
import { findImports, isForTests, mayImport } from "./imports.ts";

test("imports of values, of types, of side effects, over several lines, dynamic ones and re-exports are all found", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import type { B } from "@msec/b";',
    "import {",
    "  c,",
    '} from "./c.ts";',
    'import "./d.ts";',
    'export * from "./e.ts";',
    'export const f = await import("./f.ts");',
    'export const g = "./g.ts";',
  ].join("\n");
  assert.deepEqual(
    findImports(source).map(({ specifier, line }) => `${line} ${specifier}`),
    ["1 ./a.ts", "2 @msec/b", "5 ./c.ts", "6 ./d.ts", "7 ./e.ts", "8 ./f.ts"],
  );
});

test("every workspace has its line in the table of who may import whom", async () => {
  const missing = (await readWorkspaces()).filter(({ name }) => mayImport[name] === undefined);
  assert.deepEqual(missing, []);
});

test("nothing may import a program", () => {
  const programs = ["@msec/agent", "@msec/server", "@msec/cli", "@msec/console"];
  assert.deepEqual(
    Object.values(mayImport)
      .flat()
      .filter((name) => programs.includes(name)),
    [],
  );
});

test("what is for tests is known by its path, and nothing else is", () => {
  assert.ok(isForTests("packages/rpc-node/src/tls.test.ts"));
  assert.ok(isForTests("packages/rpc-node/src/testing/echo-service.ts"));
  assert.ok(!isForTests("packages/rpc-node/src/listen.ts"));
  assert.ok(!isForTests("packages/service/src/testing-agent.ts"));
});
