import { create } from "@bufbuild/protobuf";
import { ServiceKind, ServiceSchema } from "@msec/api/console/v1/registry_pb.js";
import { expect, test } from "vitest";
import { buildServiceTree, splitServiceName } from "./service-tree.ts";

const services = [
  ["Login.mod_user", ServiceKind.STANDARD],
  ["Flight.traffic", ServiceKind.STANDARD],
  ["Flight.mod_flight", ServiceKind.STANDARD],
  ["Pay.bank", ServiceKind.EXTERNAL],
].map(([name, kind]) => create(ServiceSchema, { name: name as string, kind: kind as ServiceKind }));

function names(filter?: string) {
  const tree = buildServiceTree(services, filter);
  const text = (branches: typeof tree.standard) =>
    branches.map((b) => `${b.name}: ${b.services.map((s) => s.name).join(" ")}`);
  return { standard: text(tree.standard), external: text(tree.external) };
}

test("groups services by kind and first level, by name", () => {
  expect(names()).toEqual({
    standard: ["Flight: Flight.mod_flight Flight.traffic", "Login: Login.mod_user"],
    external: ["Pay: Pay.bank"],
  });
});

test("a filter keeps the services with all of its words", () => {
  expect(names("FLIGHT mod")).toEqual({ standard: ["Flight: Flight.mod_flight"], external: [] });
  expect(names("bank")).toEqual({ standard: [], external: ["Pay: Pay.bank"] });
  expect(names("nothing")).toEqual({ standard: [], external: [] });
});

test("a name has two levels", () => {
  expect(splitServiceName("Flight.mod_flight")).toEqual(["Flight", "mod_flight"]);
  expect(splitServiceName("odd")).toEqual(["odd", ""]);
});
