import { create } from "@bufbuild/protobuf";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { ServiceSchema } from "@msec/api/console/v1/registry_pb.js";
import { expect, test } from "vitest";
import { overviewRows, parseOverviewSearch } from "./overview-sort.ts";

function service(name: string, state: ProcessState) {
  return create(ServiceSchema, {
    name,
    defaultPort: 1,
    instances: [{ id: name, inRouting: true, port: 1, process: { state } }],
  });
}
const services = [
  service("B.b", ProcessState.RUNNING),
  service("A.a", ProcessState.RUNNING),
  service("C.c", ProcessState.BACKING_OFF),
];
const curve = (name: string, calls: number, failures: number, p99: number) => ({
  id: name,
  service: name,
  method: "",
  instance: "",
  calls: [9, calls],
  failures: [9, failures],
  p50Ms: [0, 0],
  caller: "",
  p90Ms: [],
  p999Ms: [],
  p99Ms: [999, p99],
});
const curves = [curve("A.a", 100, 1, 5), curve("B.b", 10, 5, 50)];
const order = (sort: Parameters<typeof overviewRows>[3]) =>
  overviewRows(services, curves, 1, sort)
    .map((row) => row.service.name[0])
    .join("");

test("sorts by name upwards and by everything else with what deserves a look first", () => {
  expect(order("name")).toBe("ABC");
  expect(order("health")).toBe("CAB");
  expect(order("calls")).toBe("ABC");
  expect(order("failed")).toBe("BAC");
  expect(order("p99")).toBe("BAC");
});

test("a link restores the order", () => {
  expect(parseOverviewSearch({ sort: "failed" })).toEqual({ sort: "failed" });
  expect(parseOverviewSearch({ sort: "name" })).toEqual({});
  expect(parseOverviewSearch({ sort: "luck" })).toEqual({});
});
