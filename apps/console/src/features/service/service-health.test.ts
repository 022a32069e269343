import { create } from "@bufbuild/protobuf";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { ServiceKind, ServiceSchema } from "@msec/api/console/v1/registry_pb.js";
import { expect, test } from "vitest";
import { runningReleases } from "./releases.ts";
import { countInstances, serviceHealth } from "./service-health.ts";

function service(
  states: [inRouting: boolean, state: ProcessState | undefined][],
  kind = ServiceKind.STANDARD,
  port = 7963,
) {
  return create(ServiceSchema, {
    name: "Flight.mod_flight",
    kind,
    defaultPort: port,
    instances: states.map(([inRouting, state], index) => ({
      id: `i${index}`,
      port: port === 0 ? 0 : port + index,
      inRouting,
      ...(state === undefined ? {} : { process: { state } }),
    })),
  });
}
const { RUNNING, BACKING_OFF, STOPPED } = ProcessState;

test("health looks at the instances in routing only", () => {
  expect(
    serviceHealth(
      service([
        [true, RUNNING],
        [true, RUNNING],
      ]),
    ),
  ).toBe("ok");
  expect(
    serviceHealth(
      service([
        [true, RUNNING],
        [false, STOPPED],
      ]),
    ),
  ).toBe("ok");
  expect(
    serviceHealth(
      service([
        [true, RUNNING],
        [true, BACKING_OFF],
      ]),
    ),
  ).toBe("degraded");
  expect(
    serviceHealth(
      service([
        [true, BACKING_OFF],
        [false, RUNNING],
      ]),
    ),
  ).toBe("down");
  expect(serviceHealth(service([[false, RUNNING]]))).toBe("out");
  expect(serviceHealth(service([]))).toBe("empty");
});

test("a service on whose processes nobody reports is neither well nor ill", () => {
  expect(serviceHealth(service([[true, undefined]]))).toBe("unknown");
  expect(serviceHealth(service([[true, undefined]], ServiceKind.EXTERNAL))).toBe("unknown");
});

test("a program that listens on nothing is judged by its processes", () => {
  expect(serviceHealth(service([[false, RUNNING]], ServiceKind.STANDARD, 0))).toBe("ok");
  expect(serviceHealth(service([[false, BACKING_OFF]], ServiceKind.STANDARD, 0))).toBe("down");
});

test("counts what runs, what is in routing and what is reported on", () => {
  const { instances } = service([
    [true, RUNNING],
    [true, BACKING_OFF],
    [false, undefined],
  ]);
  expect(countInstances(instances)).toEqual({ total: 3, inRouting: 2, running: 1, reported: 2 });
});

test("releases are those of processes that run, the most frequent first", () => {
  const instances = [
    ["b", 1],
    ["a", 2],
    ["a", 3],
    ["c", 0],
    ["", 4],
  ] as const;
  const { instances: all } = create(ServiceSchema, {
    instances: [...instances.map(([release, pid]) => ({ process: { release, pid } })), {}],
  });
  expect(runningReleases(all)).toEqual([
    { release: "a", instances: 2 },
    { release: "b", instances: 1 },
  ]);
  expect(runningReleases([])).toEqual([]);
});
