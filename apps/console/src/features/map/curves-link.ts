import type { ServiceMapEdge } from "@msec/api/console/v1/requests_pb.js";
import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { CurveBy, CurveSide } from "../call/curves-search.ts";
import type { MapSearch } from "./map-search.ts";

/** Where the curves of a connection are: those of the called service, a curve for each caller, over the same time. */
export function curvesLink({ callee, side }: ServiceMapEdge, { range, until }: MapSearch) {
  return {
    to: "/services/$name/curves",
    params: { name: callee },
    search: {
      ...(range === undefined ? {} : { range }),
      ...(until === undefined ? {} : { until }),
      side: side === CallSide.CLIENT ? CurveSide.Callers : CurveSide.Served,
      by: CurveBy.Caller,
    },
  } as const;
}
