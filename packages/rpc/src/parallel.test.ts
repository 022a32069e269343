import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallContext, currentContext, runInContext } from "./call-context.ts";
import { Code } from "./code.ts";
import { parallel } from "./parallel.ts";
import { RpcError } from "./rpc-error.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("everything is done, so many at a time, and results come in the order of the items", async () => {
  let running = 0;
  let most = 0;
  const doubled = await parallel(new Set([1, 2, 3, 4, 5, 6, 7]), 3, async (item, { index }) => {
    most = Math.max(most, ++running);
    for (let i = 0; i < 8 - index; i++) await turn();
    running--;
    return item * 2;
  });
  assert.deepEqual(doubled, [2, 4, 6, 8, 10, 12, 14]);
  assert.equal(most, 3);
  assert.deepEqual(await parallel([], 3, () => 1), []);
  assert.deepEqual(await parallel([1], 100_000, (item) => item), [1]);
});

test("the first failure ends it: the rest is told, and nothing more is begun", async () => {
  const begun: number[] = [];
  const told: unknown[] = [];
  const failure = new Error("third");
  const work = parallel([1, 2, 3, 4, 5], 3, async (item, { signal }) => {
    begun.push(item);
    if (item === 3) throw failure;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    told.push(signal.reason);
  });
  await assert.rejects(work, failure);
  await turn();
  assert.deepEqual(begun, [1, 2, 3]);
  assert.deepEqual(told, [failure, failure]);
});

test("collected failures stop nothing", async () => {
  const work = async (item: number) => {
    if (item === 2) throw new Error("two");
    return item;
  };
  const results = await parallel([1, 2, 3], 1, work, { onError: "collect" });
  assert.deepEqual(
    results.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as Error).message)),
    [1, "two", 3],
  );
});

test("a signal gives it up, also where failures are collected, and whatever the work does", async () => {
  for (const onError of ["fail", "collect"] as const) {
    const stop = new AbortController();
    const begun: number[] = [];
    const never = (item: number) => {
      begun.push(item);
      return new Promise<number>(() => {});
    };
    const work = parallel([1, 2, 3], 2, never, { signal: stop.signal, onError });
    stop.abort(new Error("enough"));
    await assert.rejects(work, (error: RpcError) => error.code === Code.Canceled && error.cause === stop.signal.reason);
    assert.deepEqual(begun, [1, 2]);
  }
  const before = parallel([1], 1, () => assert.fail("must not begin"), { signal: AbortSignal.abort() });
  await assert.rejects(before, (error: RpcError) => error.code === Code.Canceled);
});

test("work runs in the context of the request, and ends with it", async () => {
  const listeners = new Set<(reason: Error) => void>();
  const context = {
    requestId: "7",
    onCancel(listener: (reason: Error) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as CallContext;
  const seen: unknown[] = [];
  const gone = new RpcError(Code.Canceled, "the caller is gone");
  await runInContext(
    context,
    async () => {
      await parallel([1, 2], 1, async () => {
        await turn();
        seen.push(currentContext());
      });
      assert.equal(listeners.size, 0);
      const work = parallel([1], 1, () => new Promise(() => {}));
      for (const listener of listeners) listener(gone);
      await assert.rejects(work, gone);
    },
    undefined,
    undefined,
  );
  assert.deepEqual(seen, [context, context]);
});

test("what fails while items are asked for is the failure of the whole", async () => {
  function* items() {
    yield 1;
    throw new Error("no more");
  }
  await assert.rejects(
    parallel(items(), 1, (item) => item),
    /no more/,
  );
});

test("a limit that is none is refused", async () => {
  for (const limit of [0, -1, 1.5, Number.NaN, 100_001]) {
    await assert.rejects(
      parallel([1], limit, (item) => item),
      RangeError,
    );
  }
});
