import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import grpc from "@grpc/grpc-js";
import {
  EmptySchema,
  type SimpleRequest,
  SimpleRequestSchema,
  type SimpleResponse,
  SimpleResponseSchema,
} from "../gen/interop_pb.js";
import { targets } from "./targets.ts";
import { runUnaryCases } from "./unary-cases.ts";

test("our client passes the unary cases against a grpc-js server", async () => {
  const server = new grpc.Server();
  const same = { requestStream: false, responseStream: false } as const;
  server.addService(
    {
      emptyCall: {
        ...same,
        path: targets.emptyCall.path,
        requestSerialize: () => Buffer.alloc(0),
        requestDeserialize: (bytes: Buffer) => fromBinary(EmptySchema, bytes),
        responseSerialize: () => Buffer.alloc(0),
        responseDeserialize: (bytes: Buffer) => fromBinary(EmptySchema, bytes),
      },
      unaryCall: {
        ...same,
        path: targets.unaryCall.path,
        requestSerialize: (message: SimpleRequest) => Buffer.from(toBinary(SimpleRequestSchema, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(SimpleRequestSchema, bytes),
        responseSerialize: (message: SimpleResponse) => Buffer.from(toBinary(SimpleResponseSchema, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(SimpleResponseSchema, bytes),
      },
    },
    {
      emptyCall: (_call: unknown, done: grpc.sendUnaryData<unknown>) => done(null, {}),
      unaryCall: (
        { request }: grpc.ServerUnaryCall<SimpleRequest, SimpleResponse>,
        done: grpc.sendUnaryData<SimpleResponse>,
      ) => {
        const { responseStatus, responseSize } = request;
        if (responseStatus) {
          done({ code: responseStatus.code, details: responseStatus.message });
        } else {
          done(null, create(SimpleResponseSchema, { payload: { body: new Uint8Array(responseSize) } }));
        }
      },
    } as grpc.UntypedServiceImplementation,
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  try {
    await runUnaryCases(await promise);
  } finally {
    server.forceShutdown();
  }
});
