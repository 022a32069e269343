import { CallSide } from "@msec/api/console/v1/telemetry_pb.js";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { daysBeforeMs } from "../../lib/own-range.ts";
import { serverNow } from "../../lib/server-clock.ts";
import {
  type AlignedCurves,
  alignCurves,
  chooseGrid,
  type Grid,
  SETTLE_MS,
  settledGrid,
  withoutLateSteps,
} from "./series.ts";

/** Which curves to ask for. */
export interface CallsRequest {
  /** The service that is called; empty for all services. */
  readonly service: string;
  /** The service that calls; with it these are the calls that it makes. Absent for all. */
  readonly caller?: string | undefined;
  /** Calls to the service as it counted them (default), or as its callers did. */
  readonly side?: typeof CallSide.SERVER | typeof CallSide.CLIENT;
  readonly spanMs: number;
  /** 1, 10, 60, 600 or 3600 seconds. */
  readonly stepS: number;
  /** The end of the range by the server's clock; absent for now, which moves. */
  readonly untilMs?: number | undefined;
  readonly byMethod?: boolean;
  readonly byInstance?: boolean;
  readonly byCaller?: boolean;
  readonly byCallerInstance?: boolean;
  /** The same range so many days before, on the times of the range itself. */
  readonly daysBack?: number;
  /** How often to ask again; absent for a range that does not move. */
  readonly pollMs?: number;
}

/** Curves on the grid that was asked for. */
export interface Calls extends AlignedCurves {
  readonly grid: Grid;
}

/** Calls and failures over time, on a complete grid that ends with the last step that has arrived. */
export function callsQuery(api: Api, request: CallsRequest) {
  const { service, caller = "", side = CallSide.SERVER, spanMs, stepS, untilMs, daysBack = 0 } = request;
  const { byMethod = false, byInstance = false, byCaller = false, byCallerInstance = false } = request;
  const split = { byMethod, byInstance, byCaller, byCallerInstance };
  return queryOptions({
    queryKey: ["calls", service, caller, side, spanMs, stepS, untilMs ?? "now", daysBack, split],
    queryFn: async ({ signal }): Promise<Calls> => {
      const now = serverNow();
      const settled = settledGrid(
        untilMs === undefined ? now : Math.min(untilMs + SETTLE_MS, now),
        spanMs,
        stepS * 1000,
      );
      const running = { ...settled, toMs: settled.toMs + (untilMs === undefined ? settled.stepMs : 0) };
      const { fromMs, toMs } = running;
      const shiftMs = daysBeforeMs(toMs, daysBack);
      const found = await api.telemetry.queryCalls(
        { service, caller, side, fromMs: fromMs - shiftMs, toMs: toMs - shiftMs, stepS, ...split },
        { signal },
      );
      const answer = { ...found, timeMs: found.timeMs.map((time) => time + shiftMs) };
      const chosen = chooseGrid(answer, settled, running);
      const grid = untilMs === undefined && daysBack === 0 ? withoutLateSteps(answer, chosen) : chosen;
      return { ...alignCurves(answer, grid, service === "" && caller !== ""), grid };
    },
    placeholderData: keepPreviousData,
    refetchInterval: request.pollMs ?? false,
  });
}
