import assert from "node:assert/strict";
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { emptyFrame, ownFrames, type RunAlone } from "./call-frame.ts";

const storage = new AsyncLocalStorage<{ name: string }>();
const other = new AsyncLocalStorage<number>();

const ways: [string, RunAlone<{ name: string }> | undefined][] = [
  ["frames of our own", ownFrames(storage)],
  ["an empty frame", emptyFrame(storage)],
];

for (const [name, run] of ways) {
  test(`${name}: all that code starts has its value, and nothing of what was around it`, async () => {
    assert.ok(run, "this Node has them");
    const seen: unknown[] = [];
    const look = () => seen.push([storage.getStore()?.name, other.getStore()]);
    const start = async () => {
      look();
      process.nextTick(look);
      queueMicrotask(look);
      new Promise((resolve) => resolve(0)).then(look, assert.fail);
      await setImmediate();
      look();
      await new Promise((resolve) => setTimeout(resolve, 0));
      look();
    };
    await other.run(1, () => storage.run({ name: "around" }, () => run({ name: "own" }, start, 0, 0)));
    assert.deepEqual(seen, Array(6).fill(["own", undefined]));
    assert.equal(storage.getStore(), undefined);
  });

  test(`${name}: other storages, bound functions and snapshots work within`, () => {
    assert.ok(run, "this Node has them");
    const within = (a: number, b: number) => {
      assert.deepEqual([a, b], [3, 4]);
      const snapshot = AsyncLocalStorage.snapshot();
      const bound = AsyncResource.bind(() => storage.getStore()?.name);
      other.enterWith(2);
      assert.deepEqual([storage.getStore()?.name, other.getStore()], ["own", 2]);
      assert.equal(
        storage.run({ name: "inner" }, () => storage.getStore()?.name),
        "inner",
      );
      assert.equal(
        storage.exit(() => storage.getStore()),
        undefined,
      );
      other.disable();
      assert.deepEqual([storage.getStore()?.name, other.getStore()], ["own", undefined]);
      return { snapshot, bound };
    };
    const { snapshot, bound } = run({ name: "own" }, within, 3, 4);
    assert.equal(
      snapshot(() => storage.getStore()?.name),
      "own",
    );
    assert.equal(bound(), "own");
    assert.equal(storage.getStore(), undefined);
  });

  test(`${name}: what is thrown comes through, and what was current is so again`, () => {
    assert.ok(run, "this Node has them");
    const fail = () => {
      throw new RangeError("no");
    };
    other.run(5, () => {
      assert.throws(() => run({ name: "own" }, fail, 0, 0), RangeError);
      assert.deepEqual([storage.getStore(), other.getStore()], [undefined, 5]);
    });
  });
}
