import type { DescMethod } from "@bufbuild/protobuf";
import { EmptySchema, TestService, UnimplementedService } from "../gen/interop_pb.js";

function target<M extends DescMethod>({ parent, name, input, output }: M) {
  return {
    path: `/${parent.typeName}/${name}`,
    input: input as M["input"],
    output: output as M["output"],
  };
}

/** The methods that the cases call. */
export const targets = {
  emptyCall: target(TestService.method.emptyCall),
  unaryCall: target(TestService.method.unaryCall),
  streamingInputCall: target(TestService.method.streamingInputCall),
  streamingOutputCall: target(TestService.method.streamingOutputCall),
  fullDuplexCall: target(TestService.method.fullDuplexCall),
  /** Interop's server has the service, not this method. */
  unimplementedMethod: { path: "/grpc.testing.TestService/UnimplementedCall", input: EmptySchema, output: EmptySchema },
  unimplementedService: target(UnimplementedService.method.unimplementedCall),
};
