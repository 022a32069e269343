import assert from "node:assert/strict";
import { test } from "node:test";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "./code.ts";
import { errorDetail, findErrorDetail } from "./error-detail.ts";
import { RpcError } from "./rpc-error.ts";

test("a message that goes with an error is found by its type, and only by that", () => {
  const messages = [errorDetail(DurationSchema, { seconds: 7n }), errorDetail(DurationSchema, { seconds: 8n })];
  const error = new RpcError(Code.Aborted, "later", { details: { messages } });
  assert.equal(findErrorDetail(error, DurationSchema)?.seconds, 7n);
  assert.equal(findErrorDetail(error, TimestampSchema), undefined);
  assert.equal(findErrorDetail(new RpcError(Code.Aborted, "later"), DurationSchema), undefined);
  assert.equal(findErrorDetail(new Error("no RpcError"), DurationSchema), undefined);
});

test("bytes that are no such message are no message", () => {
  const value = Uint8Array.of(0x08);
  const error = new RpcError(Code.Aborted, "odd", {
    details: { messages: [{ type: DurationSchema.typeName, value }] },
  });
  assert.equal(findErrorDetail(error, DurationSchema), undefined);
});
