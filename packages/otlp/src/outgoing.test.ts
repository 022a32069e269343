import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { createRecorder, Level } from "@msec/telemetry";
import { ExportLogsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { outgoingRequests } from "./outgoing.ts";

test("what goes out says whose it is: host, service, instance, and its release as service.version where one is known", () => {
  const recorder = createRecorder({ now: () => 1_800_000_000_000 });
  const attributesOf = (release: string) => {
    recorder.log(Level.info, "a line");
    const owner = { service: "Shop.cart", instance: "10.0.0.1:7963", host: "one", release };
    const [request] = outgoingRequests(owner, recorder.drain()!);
    const { resourceLogs } = fromBinary(ExportLogsServiceRequestSchema, request!.body);
    return (resourceLogs[0]?.resource?.attributes ?? []).map(({ key, value }) => `${key}=${value?.value.value}`);
  };
  const known = ["host.name=one", "service.name=Shop.cart", "service.instance.id=10.0.0.1:7963"];
  assert.deepEqual(attributesOf("2026.11.22-1"), [...known, "service.version=2026.11.22-1", "telemetry.sdk.name=msec"]);
  assert.deepEqual(attributesOf(""), [...known, "telemetry.sdk.name=msec"]);
});
