import type { DescMessage } from "@bufbuild/protobuf";
import { file_editions } from "../../gen/editions_pb.js";
import { file_proto2 } from "../../gen/proto2_pb.js";
import { file_proto3 } from "../../gen/proto3_pb.js";

/** Every message type of `test-proto/`, nested ones and groups included. */
export const messageTypes: readonly DescMessage[] = [file_proto3, file_proto2, file_editions].flatMap((file) =>
  file.messages.flatMap(withNested),
);

function withNested(desc: DescMessage): DescMessage[] {
  return [desc, ...desc.nestedMessages.flatMap(withNested)];
}
