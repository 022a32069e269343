import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { type AlignedCurves, alignCurves, type Grid, settledGrid } from "./series.ts";

/** Which curves to ask for. */
export interface CallsRequest {
  /** Empty for all services. */
  readonly service: string;
  /** As served (default) or as made by the service. */
  readonly side?: typeof CallSide.SERVER | typeof CallSide.CLIENT;
  readonly spanMs: number;
  /** 1, 10, 60, 600 or 3600 seconds. */
  readonly stepS: number;
  /** The end of the range by the server's clock; absent for now, which moves. */
  readonly untilMs?: number | undefined;
  readonly byMethod?: boolean;
  readonly byInstance?: boolean;
  /** How often to ask again; absent for a range that does not move. */
  readonly pollMs?: number;
}

/** Curves on the grid that was asked for. */
export interface Calls extends AlignedCurves {
  readonly grid: Grid;
}

/** Calls and failures over time, on a complete grid that ends with the last step that has arrived. */
export function callsQuery(api: Api, request: CallsRequest) {
  const { service, side = CallSide.SERVER, spanMs, stepS, untilMs, byMethod = false, byInstance = false } = request;
  return queryOptions({
    queryKey: ["calls", service, side, spanMs, stepS, untilMs ?? "now", byMethod, byInstance],
    queryFn: async ({ signal }): Promise<Calls> => {
      const grid = settledGrid(
        untilMs === undefined ? serverNow() : Math.min(untilMs + 1500, serverNow()),
        spanMs,
        stepS * 1000,
      );
      const { fromMs, toMs } = grid;
      const answer = await api.telemetry.queryCalls(
        { service, side, fromMs, toMs, stepS, byMethod, byInstance },
        { signal },
      );
      return { ...alignCurves(answer, grid), grid };
    },
    placeholderData: keepPreviousData,
    refetchInterval: request.pollMs ?? false,
  });
}
