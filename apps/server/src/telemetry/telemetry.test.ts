import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RequestService } from "@msec/api/console/v1/requests_pb.js";
import { CallSide, TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { RpcError } from "@msec/rpc";
import { InvalidQuery, StoreErrorReason, StoreUnavailable, TelemetryStoreError } from "@msec/telemetry-store";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { askTelemetry } from "./telemetry-error.ts";

describe("telemetry while its store does not answer", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server[Symbol.asyncDispose]());

  it("answers each question with Unavailable at once, and the rest of the console works", async () => {
    const telemetry = server.operator(TelemetryService);
    const range = { fromMs: 0, toMs: 60_000, stepS: 10, side: CallSide.SERVER };
    const questions = [
      telemetry.queryCalls(range),
      telemetry.getFlow({ requestId: "1" }),
      server.operator(RequestService).searchRequests({ fromMs: 0, toMs: 60_000 }),
    ];
    for (const question of questions) {
      await assert.rejects(question, (error) => error instanceof ConnectError && error.code === Code.Unavailable);
    }
  });
});

it("tells the telemetry store's errors apart", async () => {
  const codeOf = async (error: Error) => {
    const translated: unknown = await askTelemetry(Promise.reject(error)).catch((thrown: unknown) => thrown);
    assert.ok(translated instanceof RpcError);
    return [translated.code, translated.message.includes(error.message), translated.cause];
  };
  const failed = new TelemetryStoreError(StoreErrorReason.Failed, "SELECT secret FROM span");
  assert.deepEqual(await codeOf(new InvalidQuery("step 7")), [Code.InvalidArgument, true, undefined]);
  assert.deepEqual(await codeOf(new StoreUnavailable("refused at /run/x.sock")), [Code.Unavailable, false, undefined]);
  assert.deepEqual(await codeOf(failed), [Code.Internal, false, failed]);
});

it("leaves errors of others as they are", async () => {
  const defect = new TypeError("x");
  await assert.rejects(askTelemetry(Promise.reject(defect)), defect);
});
