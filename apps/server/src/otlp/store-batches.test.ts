import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportedBatch } from "@msec/otlp";
import { Intake } from "@msec/otlp";
import { Code, RpcError } from "@msec/rpc";
import { InvalidBatch, StoreErrorReason, StoreUnavailable, TelemetryStoreError } from "@msec/telemetry-store";
import { storeBatches } from "./store-batches.ts";

const batches: readonly ReportedBatch[] = new Intake(Date.now).plain(Buffer.from('{"service":"a","text":"x"}')).batches;

/** A store whose first answers fail. */
function failing(...failures: readonly Error[]) {
  const tokens: string[] = [];
  const said: string[] = [];
  const store = {
    ingestAll: async (_envelopes: unknown, token: string) => {
      tokens.push(token);
      const failure = failures[tokens.length - 1];
      if (failure !== undefined) throw failure;
      return { rows: { span: 0, call: 0, sample: 0, log: 0 }, rejected: [], leftOut: 0 };
    },
  };
  const log = { error: (text: string) => void said.push(text) };
  return { tokens, said, store, log, onStored: () => {} };
}

test("what comes while the store is away waits for it and goes in with one token", async () => {
  const { tokens, store, ...listeners } = failing(new StoreUnavailable("away"));
  await storeBatches(store, listeners)(batches, "print");
  assert.deepEqual(tokens, ["print", "print"]);
});

test("what the store refuses is to come again, with the reason; what is no reason of its own is in the server's log once", async () => {
  const { said, store, ...listeners } = failing(
    new StoreUnavailable("away"),
    new TelemetryStoreError(StoreErrorReason.Full, "full"),
    new InvalidBatch("bad"),
    new InvalidBatch("bad"),
  );
  const keep = storeBatches(store, { ...listeners, patienceMs: 0 });
  for (const why of [/does not answer/, /its disk is full/, /as the server's log says/, /as the server's log says/]) {
    const isTold = (error: unknown) => error instanceof RpcError && error.code === Code.Unavailable;
    await assert.rejects(
      async () => keep(batches),
      (error: Error) => isTold(error) && why.test(error.message),
    );
  }
  assert.equal(said.length, 1);
});
