import assert from "node:assert/strict";
import { Code, createClient, type RpcError } from "@msec/rpc";
import { createGrpcChannel } from "@msec/rpc-node";
import { TestService, UnimplementedService } from "../gen/interop_pb.js";

/** The unary cases with our client against a server at a port; throws at the first that fails. */
export async function runUnaryCases(port: number): Promise<void> {
  using channel = createGrpcChannel({ address: "127.0.0.1", port });
  const client = createClient(TestService, channel.call);
  await client.emptyCall({});

  const { payload } = await client.unaryCall({ responseSize: 314159, payload: { body: new Uint8Array(271828) } });
  assert.equal(payload?.body.length, 314159);

  await client.unaryCall({}, { metadata: { "x-grpc-test-echo-initial": "test_initial_metadata_value" } });

  const special = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
  for (const message of ["test status message", special]) {
    await assert.rejects(client.unaryCall({ responseStatus: { code: 2, message } }), (error: RpcError) => {
      assert.deepEqual([error.code, error.message], [Code.Unknown, message]);
      return true;
    });
  }
  await assert.rejects(
    createClient(UnimplementedService, channel.call).unimplementedCall({}),
    (error: RpcError) => error.code === Code.Unimplemented,
  );
}
