import type { StoreClients } from "../client.ts";
import { ask } from "./ask.ts";
import { CallSide } from "./calls.ts";

/** Newest spans that are looked at of each service, and of all together. */
const spansOfService = 2_000;
const spansMax = 50_000;

/** So much of the end of the range is looked at: enough to tell shares, and not too much to read each few seconds. */
const windowS = { least: 120, most: 900 } as const;
/** Exporters send every few seconds, and the two ends of a call are seldom sent together. */
const arrivalS = 15;
/** The other end of a call may have begun so much earlier or later, by its own clock. */
const apartS = 60;

/** So many of the calls of one service that do not say who was at the other end had this service there. */
export interface SpanEnd {
  /** Who served the calls, or made them. */
  near: string;
  /** Who was at the other end; empty: no span of it is known. */
  far: string;
  failed: boolean;
  spans: number;
}

/** Whose calls, and when. */
export interface SpanEndsQuery {
  /** Which end the services are. */
  readonly side: CallSide;
  /** At least one. */
  readonly services: readonly string[];
  /** Whole seconds since 1970 UTC. */
  readonly fromS: number;
  readonly toS: number;
  /** The same, fractions count. */
  readonly nowS: number;
}

/**
 * Read from spans who was at the other end of calls that do not say it: OpenTelemetry's spans name the other end only where a program adds `peer.service`, but the span of
 * who serves is the child of the span of who calls.
 *
 * @throws StoreUnavailable, TelemetryStoreError
 */
export async function getSpanEnds(clients: StoreClients, query: SpanEndsQuery): Promise<SpanEnd[]> {
  const { side, services, nowS } = query;
  const toS = Math.floor(Math.min(query.toS, Math.max(query.fromS + 1, nowS - arrivalS)));
  const fromS = toS - Math.min(windowS.most, Math.max(windowS.least, toS - query.fromS));
  return await ask<SpanEnd>(clients, "read who calls whom from spans", endsQuery(side), { services, fromS, toS });
}

// What leads from one end of a call to the other: the caller's span, which is the parent of the other.
function endsQuery(side: CallSide): string {
  const isServed = side === CallSide.Server;
  const nearEnds = `
    SELECT trace_high, flow_id, ${isServed ? "parent_span_id" : "span_id"} AS link, service, code != 0 AS isFailed
    FROM span
    WHERE service IN {services:Array(String)} AND side = ${side} AND peer_service = ''
      AND start >= toDateTime({fromS:UInt32}, 'UTC') AND start < toDateTime({toS:UInt32}, 'UTC')
    ORDER BY start DESC LIMIT ${spansOfService} BY service LIMIT ${spansMax}`;
  const farEnds = `
    SELECT trace_high, flow_id, ${isServed ? "span_id" : "parent_span_id"} AS link, service AS other
    FROM span
    WHERE side = ${isServed ? CallSide.Client : CallSide.Server} AND flow_id IN (SELECT flow_id FROM nearEnds)
      AND start >= toDateTime({fromS:UInt32} - ${apartS}, 'UTC') AND start < toDateTime({toS:UInt32} + ${apartS}, 'UTC')`;
  return `
    WITH nearEnds AS (${nearEnds})
    SELECT service AS near, other AS far, toBool(isFailed) AS failed, count() AS spans
    FROM nearEnds LEFT ANY JOIN (${farEnds}) AS farEnds USING (trace_high, flow_id, link)
    GROUP BY service, other, isFailed`;
}
