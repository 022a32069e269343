import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescService } from "@bufbuild/protobuf";
import { Code, RpcError } from "@msec/rpc";
import { guardHandlers } from "./guarded-handlers.ts";
import type { ServiceContext } from "./request-context.ts";

type Logged = { text: string; error: Error };

function setUp(handler: (request: unknown, context: ServiceContext) => AsyncIterable<object>) {
  const logged: Logged[] = [];
  const controller = new AbortController();
  const context = {
    method: "chat.Chat.Talk",
    signal: controller.signal,
    log: { error: (text: string, fields: { error: Error }) => logged.push({ text, error: fields.error }) },
  } as unknown as ServiceContext;
  const service = { typeName: "chat.Chat", methods: [{ localName: "talk" }] } as unknown as DescService;
  const guarded = guardHandlers(service, { talk: handler } as never) as unknown as { talk: typeof handler };
  const values = guarded.talk({}, context)[Symbol.asyncIterator]();
  return { values, logged, controller };
}

async function rejection(call: Promise<unknown> | undefined): Promise<RpcError> {
  const error = await call?.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RpcError, `expected an RpcError, found ${String(error)}`);
  return error;
}

test("what a stream throws after some values is Internal without its reason, which is logged once", async () => {
  const { values, logged } = setUp(async function* () {
    yield { n: 1 };
    throw new Error("connect postgres://root:hunter2@db failed");
  });
  assert.deepEqual(await values.next(), { done: false, value: { n: 1 } });
  const error = await rejection(values.next());
  assert.equal(error.code, Code.Internal);
  assert.doesNotMatch(error.message, /hunter2/);
  assert.equal((await values.next()).done, true);
  await values.return?.();
  assert.equal(logged.length, 1);
  assert.equal(logged[0]?.text, "chat.Chat.Talk failed");
  assert.match(logged[0]?.error.stack ?? "", /hunter2@db failed\n +at .*guarded-handlers\.test\.ts/);
});

test("an RpcError of a stream passes; of a call that the handler made it says nothing about the handler itself", async () => {
  const { values, logged } = setUp(() => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new RpcError(Code.Unavailable, "gone", { details: { notSent: true } })),
    }),
  }));
  const error = await rejection(values.next());
  assert.deepEqual([error.code, error.message, error.details.notSent], [Code.Unavailable, "gone", undefined]);
  assert.deepEqual(logged, []);
});

test("a stream whose caller leaves runs its `finally`, and what that throws is logged", async () => {
  let ended = false;
  const { values, logged } = setUp(async function* () {
    try {
      yield {};
      yield {};
    } finally {
      ended = true;
      // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested
      throw new Error("cannot close the file");
    }
  });
  await values.next();
  assert.equal((await rejection(values.return?.())).code, Code.Internal);
  assert.ok(ended);
  assert.equal(logged[0]?.error.message, "cannot close the file");
});

test("a handler that stops because its caller gave up is no fault to be logged", async () => {
  const { values, logged, controller } = setUp(async function* (_request, { signal }) {
    const { setTimeout: delay } = await import("node:timers/promises");
    yield {};
    await delay(60_000, undefined, { signal });
  });
  await values.next();
  const next = values.next();
  controller.abort();
  assert.equal((await rejection(next)).code, Code.Canceled);
  assert.deepEqual(logged, []);
});
