import assert from "node:assert/strict";
import { test } from "node:test";
import { createFileRegistry, type DescService, fromBinary, getOption, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";
import { file_flight, ShopService } from "../gen/flight_pb.js";
import { file_msec_rpc_v1_priority, priority as priorityOption } from "../gen/msec/rpc/v1/priority_pb.js";
import { Priority, priorityOfMethod } from "./priority.ts";

test("a method has the priority that its IDL gives it, and none where it gives none", () => {
  const prioritiesOf = ({ methods }: DescService) =>
    Object.fromEntries(methods.map((method) => [method.name, priorityOfMethod(method)]));
  const expected = {
    pay: Priority.High,
    browse: undefined,
    recommend: Priority.Low,
    alive: Priority.Critical,
  };
  assert.deepEqual(prioritiesOf(ShopService), expected);
  // Also where the descriptor came over the wire, as it does by reflection.
  const file = [file_google_protobuf_descriptor, file_msec_rpc_v1_priority, file_flight].map(({ proto }) => proto);
  const bytes = toBinary(FileDescriptorSetSchema, { $typeName: "google.protobuf.FileDescriptorSet", file });
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  assert.deepEqual(prioritiesOf(registry.getService("flight.ShopService")!), expected);
});

test("it is read as protobuf-es reads it", () => {
  for (const method of ShopService.methods) {
    const option = getOption(method, priorityOption);
    assert.equal(priorityOfMethod(method), option === 0 ? undefined : option - 1, method.name);
  }
});
