import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Code } from "@msec/rpc";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { serveEcho } from "../testing/echo-service.ts";

const transportTo = (port: number) => createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });

test("reflection tells services, and files with all that they import, by name and by symbol", async () => {
  await using server = await serveEcho({ reflection: true });
  for (const service of [ServerReflection, Alpha]) {
    const client = createClient(service as typeof ServerReflection, transportTo(server.listener.port));
    const asked = async function* () {
      yield { messageRequest: { case: "listServices", value: "" } } as const;
      for (const value of [
        "echo.EchoService",
        "echo.EchoService.Echo",
        "echo.EchoMessage.message",
        "echo.Nope",
        "__proto__",
      ]) {
        yield { messageRequest: { case: "fileContainingSymbol", value } } as const;
      }
      yield { messageRequest: { case: "fileByFilename", value: "echo.proto" } } as const;
      yield { messageRequest: { case: "allExtensionNumbersOfType", value: "echo.EchoMessage" } } as const;
    };
    const seen: unknown[] = [];
    for await (const { messageResponse } of client.serverReflectionInfo(asked())) {
      if (messageResponse.case === "listServicesResponse") {
        seen.push(messageResponse.value.service.map(({ name }) => name));
      } else if (messageResponse.case === "fileDescriptorResponse") {
        seen.push(
          messageResponse.value.fileDescriptorProto.map((file) => fromBinary(FileDescriptorProtoSchema, file).name),
        );
      } else if (messageResponse.case === "errorResponse") {
        seen.push(messageResponse.value.errorCode);
      } else {
        seen.push(messageResponse.case);
      }
    }
    const file = ["echo.proto"];
    assert.deepEqual(seen, [
      ["echo.EchoService", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
      file,
      file,
      file,
      Code.NotFound,
      Code.NotFound,
      file,
      "allExtensionNumbersResponse",
    ]);
  }
});

test("health says SERVING, and to watchers NOT_SERVING when the stop begins; watchers do not hold it up", async () => {
  const server = await serveEcho({ health: true });
  const client = createClient(Health, transportTo(server.listener.port));
  assert.equal((await client.check({})).status, Status.SERVING);
  assert.equal((await client.check({ service: "echo.EchoService" })).status, Status.SERVING);
  await assert.rejects(client.check({ service: "x" }), (error: { code: number }) => error.code === Code.NotFound);
  const seen: Status[] = [];
  let closing: Promise<void> | undefined;
  const startMs = performance.now();
  await assert.rejects(
    async () => {
      for await (const { status } of client.watch({})) {
        seen.push(status);
        closing ??= server.listener.close({ graceMs: 20_000 });
      }
    },
    (error: { code: number }) => error.code === Code.Unavailable,
  );
  await closing;
  assert.deepEqual(seen, [Status.SERVING, Status.NOT_SERVING]);
  assert.ok(performance.now() - startMs < 10_000);
});

test("neither is served unless it was asked for", async () => {
  await using server = await serveEcho();
  const transport = transportTo(server.listener.port);
  await assert.rejects(
    createClient(Health, transport).check({}),
    (error: { code: number }) => error.code === Code.Unimplemented,
  );
  await assert.rejects(
    async () => {
      const none = (async function* () {})();
      for await (const _ of createClient(ServerReflection, transport).serverReflectionInfo(none)) {
        // Nothing comes.
      }
    },
    (error: { code: number }) => error.code === Code.Unimplemented,
  );
});
