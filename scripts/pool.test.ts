import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { knownFiles } from "./costs.ts";
import { Pool } from "./pool.ts";
import { root } from "./root.ts";

/** Jobs that end when they are told to, and what ran in which order. */
function jobs(pool: Pool) {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  return {
    begun,
    ask: (name: string, seconds: number, cores: number) =>
      pool.run({ seconds, cores }, () => begin(name)).then(() => name),
    alone: (name: string) => pool.runAlone(() => begin(name)).then(() => name),
    async end(name: string, error?: Error) {
      ends.get(name)?.(error);
      await chosen();
    },
  };

  async function begin(name: string): Promise<void> {
    begun.push(name);
    await new Promise<void>((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve())));
  }
}

/** Until a pool has begun what it can: it chooses once all that was asked for at the same time is known. */
async function chosen(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

test("the longest begin first, beside each other as long as there are cores for them; a shorter one fills what is left", async () => {
  const { ask, begun, end } = jobs(new Pool(2));
  const all = [ask("short", 1, 0.2), ask("long", 9, 1.1), ask("wide", 8, 1), ask("slim", 7, 0.7), ask("last", 0, 1)];
  await chosen();
  assert.deepEqual(begun, ["long", "slim", "short"]);
  await end("slim");
  assert.deepEqual(begun, ["long", "slim", "short"]);
  await end("long");
  assert.deepEqual(begun.slice(3), ["wide"]);
  await end("short");
  assert.deepEqual(begun.slice(4), ["last"]);
  await end("wide");
  await end("last");
  assert.deepEqual(await Promise.all(all), ["short", "long", "wide", "slim", "last"]);
});

test("tenths of cores add up to whole ones, and jobs that take as long keep their order", async () => {
  const { ask, begun } = jobs(new Pool(2));
  for (const [name, cores] of [
    ["a", 0.7],
    ["b", 0.6],
    ["c", 0.6],
    ["d", 0.1],
    ["e", 0.1],
  ] as const) {
    void ask(name, 1, cores);
  }
  await chosen();
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
});

test("what runs alone waits for all others, also when they fail; what needs more cores than there are runs nevertheless", async () => {
  const { ask, alone, begun, end } = jobs(new Pool(2));
  const bad = assert.rejects(ask("bad", 3, 1), /because/);
  const last = alone("last");
  const huge = ask("huge", 2, 5);
  await chosen();
  assert.deepEqual(begun, ["bad"]);
  await end("bad", new Error("because"));
  await bad;
  assert.deepEqual(begun, ["bad", "huge"]);
  await end("huge");
  assert.equal(await huge, "huge");
  assert.deepEqual(begun, ["bad", "huge", "last"]);
  await end("last");
  assert.equal(await last, "last");
});

test("the files whose cost is known are there", () => {
  assert.deepEqual(
    knownFiles.filter((file) => !existsSync(join(root, file))),
    [],
  );
});
