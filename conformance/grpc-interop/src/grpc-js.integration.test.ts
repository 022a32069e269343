// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md, case by case.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import grpc from "@grpc/grpc-js";
import { type Listener, listen } from "@msec/rpc-node";
import { assertServerCompresses } from "./assert-server-compresses.ts";
import { GrpcJsClient, outcomeOf } from "./grpc-js-client.ts";
import { interopMethods } from "./interop-service.ts";
import { targets } from "./targets.ts";

const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];
const body = (size: number) => ({ body: new Uint8Array(size) });
const gzip = { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip };

let listener: Listener;
let client: GrpcJsClient;

before(async () => {
  listener = await listen({ methods: interopMethods(), port: 0 });
  client = new GrpcJsClient(listener.port);
});

after(async () => {
  client[Symbol.dispose]();
  await listener.close({ graceMs: 0 });
});

test("empty_unary", async () => {
  const { status, responses } = await client.call(targets.emptyCall, [{}]);
  assert.equal(status.code, 0);
  assert.equal(responses.length, 1);
});

test("large_unary", async () => {
  const { status, responses } = await client.call(targets.unaryCall, [{ responseSize: 314159, payload: body(271828) }]);
  assert.equal(status.code, 0);
  assert.equal(responses[0]?.payload?.body.length, 314159);
});

test("client_compressed_unary", async () => {
  using compressing = new GrpcJsClient(listener.port, gzip);
  const request = { responseSize: 314159, payload: body(271828) };
  const probe = await client.call(targets.unaryCall, [{ ...request, expectCompressed: { value: true } }]);
  assert.equal(probe.status.code, grpc.status.INVALID_ARGUMENT);
  const compressed = await compressing.call(targets.unaryCall, [{ ...request, expectCompressed: { value: true } }]);
  assert.equal(compressed.status.code, 0, compressed.status.details);
  assert.equal(compressed.responses[0]?.payload?.body.length, 314159);
  const plain = await client.call(targets.unaryCall, [{ ...request, expectCompressed: { value: false } }]);
  assert.equal(plain.status.code, 0);
});

test("server_compressed_unary", async () => {
  for (const value of [true, false]) {
    const { status, responses } = await client.call(targets.unaryCall, [
      { responseSize: 314159, payload: body(271828), responseCompressed: { value } },
    ]);
    assert.equal(status.code, 0, status.details);
    assert.equal(responses[0]?.payload?.body.length, 314159);
  }
});

test("server_compressed_unary and server_compressed_streaming: what is to come compressed does, and nothing else", async () => {
  await assertServerCompresses(listener.port);
});

test("client_streaming", async () => {
  const { status, responses } = await client.call(
    targets.streamingInputCall,
    requestSizes.map((size) => ({ payload: body(size) })),
  );
  assert.equal(status.code, 0);
  assert.equal(responses[0]?.aggregatedPayloadSize, 74922);
});

test("client_compressed_streaming", async () => {
  using compressing = new GrpcJsClient(listener.port, gzip);
  const probe = await client.call(targets.streamingInputCall, [
    { expectCompressed: { value: true }, payload: body(27182) },
  ]);
  assert.equal(probe.status.code, grpc.status.INVALID_ARGUMENT);
  const call = compressing.open(targets.streamingInputCall);
  const ended = outcomeOf(call);
  await new Promise((resolve) => call.write({ expectCompressed: { value: true }, payload: body(27182) }, resolve));
  // The second one not compressed, in the same call: grpc-js takes the flags where streams have the encoding.
  const noCompress = String(2) as BufferEncoding;
  await new Promise<void>((resolve) =>
    call._write({ expectCompressed: { value: false }, payload: body(45904) }, noCompress, () => resolve()),
  );
  call.end();
  const { status, responses } = await ended;
  assert.equal(status.code, 0, status.details);
  assert.equal(responses[0]?.aggregatedPayloadSize, 73086);
});

test("server_streaming", async () => {
  const { status, responses } = await client.call(targets.streamingOutputCall, [
    { responseParameters: responseSizes.map((size) => ({ size })) },
  ]);
  assert.equal(status.code, 0);
  assert.deepEqual(
    responses.map((response) => response.payload?.body.length),
    responseSizes,
  );
});

test("server_compressed_streaming", async () => {
  const { status, responses } = await client.call(targets.streamingOutputCall, [
    {
      responseParameters: [
        { size: 31415, compressed: { value: true } },
        { size: 92653, compressed: { value: false } },
      ],
    },
  ]);
  assert.equal(status.code, 0, status.details);
  assert.deepEqual(
    responses.map((response) => response.payload?.body.length),
    [31415, 92653],
  );
});

test("ping_pong", async () => {
  const call = client.open(targets.fullDuplexCall);
  const ended = outcomeOf(call);
  for (const [i, size] of responseSizes.entries()) {
    call.write({ responseParameters: [{ size }], payload: body(requestSizes[i]!) });
    const [response] = await once(call, "data");
    assert.equal(response.payload.body.length, size);
  }
  call.end();
  const { status, responses } = await ended;
  assert.equal(status.code, 0);
  assert.equal(responses.length, 4);
});

test("empty_stream", async () => {
  const { status, responses } = await client.call(targets.fullDuplexCall, []);
  assert.equal(status.code, 0);
  assert.equal(responses.length, 0);
});

test("custom_metadata", async () => {
  const metadata = new grpc.Metadata();
  metadata.set("x-grpc-test-echo-initial", "test_initial_metadata_value");
  metadata.set("x-grpc-test-echo-trailing-bin", Buffer.from("ababab", "hex"));
  const unary = await client.call(
    targets.unaryCall,
    [{ responseSize: 314159, payload: body(271828) }],
    {},
    metadata.clone(),
  );
  const duplex = await client.call(
    targets.fullDuplexCall,
    [{ responseParameters: [{ size: 314159 }], payload: body(271828) }],
    {},
    metadata.clone(),
  );
  for (const { status, metadata: initial } of [unary, duplex]) {
    assert.equal(status.code, 0);
    assert.deepEqual(initial?.get("x-grpc-test-echo-initial"), ["test_initial_metadata_value"]);
    assert.deepEqual(status.metadata.get("x-grpc-test-echo-trailing-bin"), [Buffer.from("ababab", "hex")]);
  }
});

test("status_code_and_message", async () => {
  const responseStatus = { code: 2, message: "test status message" };
  for (const target of [targets.unaryCall, targets.fullDuplexCall]) {
    const { status } = await client.call(target as typeof targets.unaryCall, [
      target === targets.unaryCall ? { responseStatus } : ({ responseStatus } as never),
    ]);
    assert.equal(status.code, 2);
    assert.equal(status.details, "test status message");
  }
});

test("special_status_message", async () => {
  const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
  const { status } = await client.call(targets.unaryCall, [{ responseStatus: { code: 2, message } }]);
  assert.equal(status.code, 2);
  assert.equal(status.details, message);
});

test("unimplemented_method", async () => {
  const { status } = await client.call(targets.unimplementedMethod, [{}]);
  assert.equal(status.code, grpc.status.UNIMPLEMENTED);
});

test("unimplemented_service", async () => {
  const { status } = await client.call(targets.unimplementedService, [{}]);
  assert.equal(status.code, grpc.status.UNIMPLEMENTED);
});

test("cancel_after_begin", async () => {
  const call = client.open(targets.streamingInputCall);
  const ended = outcomeOf(call);
  call.cancel();
  assert.equal((await ended).status.code, grpc.status.CANCELLED);
});

test("cancel_after_first_response", async () => {
  const call = client.open(targets.fullDuplexCall);
  const ended = outcomeOf(call);
  call.write({ responseParameters: [{ size: 31415 }], payload: body(27182) });
  await once(call, "data");
  call.cancel();
  assert.equal((await ended).status.code, grpc.status.CANCELLED);
});

test("timeout_on_sleeping_server", async () => {
  const call = client.open(targets.fullDuplexCall, { deadline: Date.now() + 1 });
  const ended = outcomeOf(call);
  call.write({ payload: body(27182) });
  assert.equal((await ended).status.code, grpc.status.DEADLINE_EXCEEDED);
});
