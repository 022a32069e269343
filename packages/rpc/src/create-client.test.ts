import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { CheckPasswordResponseSchema, QueryFlightRequestSchema, UserService } from "../gen/flight_pb.js";
import type { CallOptions, UnaryCall } from "./call-options.ts";
import { createClient } from "./create-client.ts";

function recordingCall() {
  const calls: { method: string; request: unknown; options: CallOptions | undefined }[] = [];
  const call: UnaryCall = (method, request, options) => {
    calls.push({ method: method.name, request, options });
    return Promise.resolve(create(method.output));
  };
  return { call, calls };
}

test("a request may be any object with the fields, a message of another type included", async () => {
  const { call, calls } = recordingCall();
  const client = createClient(UserService, call);
  const other = create(QueryFlightRequestSchema, { name: "bison", password: "123456", departureCity: "sz" });
  const answer = await client.checkPassword(other);
  await client.checkPassword({ name: "bison", password: "123456" });
  // @ts-expect-error a field of the wrong type is an error at compile time
  await client.checkPassword({ name: 5, password: "123456" });
  // @ts-expect-error so is a literal with a field that the message does not have
  await client.checkPassword({ name: "bison", passwort: "123456" });
  assert.equal(answer.$typeName, CheckPasswordResponseSchema.typeName);
  assert.equal(calls[0]?.request, other);
  assert.equal(calls.length, 4);
});

test("what a call names wins over the client's defaults", async () => {
  const { call, calls } = recordingCall();
  const client = createClient(UserService, call, { timeoutMs: 100, caller: "A.b" });
  await client.checkPassword({});
  await client.checkPassword({}, { timeoutMs: 5 });
  assert.deepEqual(
    calls.map((one) => one.options),
    [
      { timeoutMs: 100, caller: "A.b" },
      { timeoutMs: 5, caller: "A.b" },
    ],
  );
});
