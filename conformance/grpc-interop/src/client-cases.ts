// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md, case by case, with our client.
import assert from "node:assert/strict";
import { type Client, Code, RpcError } from "@msec/rpc";
import { compressRequest, createGrpcChannel, type GrpcChannelOptions } from "@msec/rpc-node";
import { TestService, UnimplementedService } from "../gen/interop_pb.js";

/** A server that our client meets. */
export interface ServerUnderCases {
  readonly port: number;
  /** Its handlers can be told by its library whether a request came compressed (the probe of the `client_compressed` cases). */
  readonly tellsCompression: boolean;
}

/** One of the eighteen cases. */
export interface ClientCase {
  readonly name: string;
  run(server: ServerUnderCases): Promise<void>;
}

const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];
const body = (size: number) => ({ body: new Uint8Array(size) });
const isCode = (code: Code) => (error: unknown) => {
  assert.ok(error instanceof RpcError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

/** Read a stream to its end. */
async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const answer of answers) {
    read.push(answer);
  }
  return read;
}

type TestClient = Client<typeof TestService>;

/** A case that needs one client of the test service. */
function withClient(
  name: string,
  run: (client: TestClient, server: ServerUnderCases) => Promise<void>,
  options: GrpcChannelOptions = {},
): ClientCase {
  return {
    name,
    run: async (server) => {
      using channel = createGrpcChannel({ address: "127.0.0.1", port: server.port }, options);
      await run(channel.client(TestService), server);
    },
  };
}

async function answered(status: { code: number; message: string }, client: TestClient): Promise<void> {
  const isStatus = (error: RpcError) => {
    assert.deepEqual([error.code, error.message], [status.code, status.message]);
    return true;
  };
  await assert.rejects(client.unaryCall({ responseStatus: status }), isStatus);
  await assert.rejects(all(client.fullDuplexCall([{ responseStatus: status }])), isStatus);
}

/** A source of requests that is fed from outside, one at a time. */
class Feed<T> implements AsyncIterable<T> {
  readonly #waiting: { readonly value: T | undefined }[] = [];
  #wake = Promise.withResolvers<void>();

  push(value: T | undefined): void {
    this.#waiting.push({ value });
    this.#wake.resolve();
  }

  end(): void {
    this.push(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const next = this.#waiting.shift();
      if (!next) {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      } else if (next.value === undefined) {
        return;
      } else {
        yield next.value;
      }
    }
  }
}

/** The eighteen. */
export const clientCases: readonly ClientCase[] = [
  withClient("empty_unary", async (client) => {
    await client.emptyCall({});
  }),
  withClient("large_unary", async (client) => {
    const { payload } = await client.unaryCall({ responseSize: 314159, payload: body(271828) });
    assert.equal(payload?.body.length, 314159);
  }),
  withClient(
    "client_compressed_unary",
    async (client, { port, tellsCompression }) => {
      const request = { responseSize: 314159, payload: body(271828) };
      using plain = createGrpcChannel({ address: "127.0.0.1", port });
      const uncompressed = plain.client(TestService);
      if (tellsCompression) {
        const probe = uncompressed.unaryCall({ ...request, expectCompressed: { value: true } });
        await assert.rejects(probe, isCode(Code.InvalidArgument));
      }
      const one = await client.unaryCall({ ...request, expectCompressed: { value: true } });
      assert.equal(one.payload?.body.length, 314159);
      const other = await uncompressed.unaryCall({ ...request, expectCompressed: { value: false } });
      assert.equal(other.payload?.body.length, 314159);
    },
    { compressMinBytes: 0 },
  ),
  withClient("server_compressed_unary", async (client) => {
    for (const value of [true, false]) {
      const { payload } = await client.unaryCall({
        responseSize: 314159,
        payload: body(271828),
        responseCompressed: { value },
      });
      assert.equal(payload?.body.length, 314159);
    }
  }),
  withClient("client_streaming", async (client) => {
    const { aggregatedPayloadSize } = await client.streamingInputCall(
      requestSizes.map((size) => ({ payload: body(size) })),
    );
    assert.equal(aggregatedPayloadSize, 74922);
  }),
  withClient(
    "client_compressed_streaming",
    async (client, { tellsCompression }) => {
      const request = (size: number, value: boolean) => ({ expectCompressed: { value }, payload: body(size) });
      if (tellsCompression) {
        const probe = client.streamingInputCall([compressRequest(request(27182, true), false)]);
        await assert.rejects(probe, isCode(Code.InvalidArgument));
      }
      const answer = await client.streamingInputCall([
        compressRequest(request(27182, true), true),
        compressRequest(request(45904, false), false),
      ]);
      assert.equal(answer.aggregatedPayloadSize, 73086);
    },
    { compressMinBytes: 0 },
  ),
  withClient("server_streaming", async (client) => {
    const answers = await all(
      client.streamingOutputCall({ responseParameters: responseSizes.map((size) => ({ size })) }),
    );
    assert.deepEqual(
      answers.map(({ payload }) => payload?.body.length),
      responseSizes,
    );
  }),
  withClient("server_compressed_streaming", async (client) => {
    const answers = await all(
      client.streamingOutputCall({
        responseParameters: [
          { size: 31415, compressed: { value: true } },
          { size: 92653, compressed: { value: false } },
        ],
      }),
    );
    assert.deepEqual(
      answers.map(({ payload }) => payload?.body.length),
      [31415, 92653],
    );
  }),
  withClient("ping_pong", async (client) => {
    const requests = new Feed<object>();
    const answers = client.fullDuplexCall(requests);
    for (const [i, size] of responseSizes.entries()) {
      requests.push({ responseParameters: [{ size }], payload: body(requestSizes[i]!) });
      const { value } = await answers.next();
      assert.equal(value?.payload?.body.length, size);
    }
    requests.end();
    assert.equal((await answers.next()).done, true);
  }),
  withClient("empty_stream", async (client) => {
    assert.deepEqual(await all(client.fullDuplexCall([])), []);
  }),
  withClient("custom_metadata", async (client) => {
    const metadata = {
      "x-grpc-test-echo-initial": "test_initial_metadata_value",
      "x-grpc-test-echo-trailing-bin": Buffer.from("ababab", "hex").toString("base64"),
    };
    const heard: Readonly<Record<string, string>>[] = [];
    const options = { metadata, onReply: (reply: Readonly<Record<string, string>>) => heard.push(reply) };
    await client.unaryCall({ responseSize: 314159, payload: body(271828) }, options);
    const duplex = [{ responseParameters: [{ size: 314159 }], payload: body(271828) }];
    await all(client.fullDuplexCall(duplex, options));
    assert.equal(heard.length, 2);
    for (const reply of heard) {
      assert.equal(reply["x-grpc-test-echo-initial"], "test_initial_metadata_value");
      assert.equal(reply["x-grpc-test-echo-trailing-bin"]?.replace(/=+$/, ""), "q6ur");
    }
  }),
  withClient("status_code_and_message", (client) => answered({ code: 2, message: "test status message" }, client)),
  withClient("special_status_message", (client) =>
    answered({ code: 2, message: "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n" }, client),
  ),
  withClient("unimplemented_method", async (_client, { port }) => {
    using channel = createGrpcChannel({ address: "127.0.0.1", port });
    // The service that the server has, with a method that it has not.
    const { unimplementedCall } = UnimplementedService.method;
    const method = { ...unimplementedCall, parent: TestService } as typeof unimplementedCall;
    await assert.rejects(channel.call(method, {}), isCode(Code.Unimplemented));
  }),
  withClient("unimplemented_service", async (_client, { port }) => {
    using channel = createGrpcChannel({ address: "127.0.0.1", port });
    await assert.rejects(channel.client(UnimplementedService).unimplementedCall({}), isCode(Code.Unimplemented));
  }),
  withClient("cancel_after_begin", async (client) => {
    const cancel = new AbortController();
    const requests = new Feed<object>();
    const answer = client.streamingInputCall(requests, { signal: cancel.signal });
    setImmediate(() => cancel.abort());
    await assert.rejects(answer, isCode(Code.Canceled));
  }),
  withClient("cancel_after_first_response", async (client) => {
    const cancel = new AbortController();
    const requests = new Feed<object>();
    const answers = client.fullDuplexCall(requests, { signal: cancel.signal });
    requests.push({ responseParameters: [{ size: 31415 }], payload: body(27182) });
    const { value } = await answers.next();
    assert.equal(value?.payload?.body.length, 31415);
    cancel.abort();
    await assert.rejects(answers.next(), isCode(Code.Canceled));
  }),
  withClient("timeout_on_sleeping_server", async (client) => {
    const requests = new Feed<object>();
    requests.push({ payload: body(27182) });
    await assert.rejects(all(client.fullDuplexCall(requests, { timeoutMs: 1 })), isCode(Code.DeadlineExceeded));
  }),
];
