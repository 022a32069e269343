import { Code, hexFromBytes, RpcError } from "@msec/rpc";
import { type ChannelTls, callHttpJson, type HttpJsonRequest } from "@msec/rpc-node";
import type { Recorder } from "@msec/telemetry";
import { ClientSpan, currentPosition } from "./client-span.ts";
import { type Place, placeName } from "./place.ts";
import type { CallTime, RoutedCalls } from "./routed-calls.ts";

/** Any value that JSON has. */
export type Json = HttpJsonRequest["json"];

/** What a call with JSON answers. */
export type JsonAnswer = {
  /** The response message. */
  readonly result: Json;
  /** 32 hex digits, for `msec flow` and the console. */
  readonly requestId: string;
};

type CallingProgram = {
  readonly name: string;
  readonly calls: RoutedCalls;
  readonly recorder: Recorder;
  readonly connectTimeoutMs: number;
  tlsOf(place: Place, service: string): ChannelTls | undefined;
};

/**
 * Makes a call without knowing its types: routed, traced and recorded as any other.
 *
 * @throws RpcError with `details.requestId`
 */
export async function callJson(
  program: CallingProgram,
  target: string,
  method: string,
  json: Json,
  time: CallTime = {},
): Promise<JsonAnswer> {
  const request = typeof json === "string" ? json : JSON.stringify(json);
  // All attempts are spans of one request.
  const position = currentPosition();
  const { traceId, sampled, traceState } = position;
  const requestId = hexFromBytes(traceId);
  if (time.dyed) program.recorder.keepTrace(traceId);
  try {
    const answer = await program.calls.run(
      target,
      method,
      time,
      async (place, peerService, timeoutMs, marks) => {
        const span = new ClientSpan(method, timeoutMs, position);
        const traceparent = { traceId, spanId: span.spanId, sampled, traceState };
        if ("port" in place && place.protocol !== undefined && place.protocol !== "tcp") throw noJsonOver(place);
        const peerInstance = placeName(place);
        const routeVersion = program.calls.routeVersionOf(peerService);
        const requestBytes = Buffer.byteLength(request);
        const end = { peerService, peerInstance, requestBytes, attempt: marks?.attempt, routeVersion };
        try {
          const asked = {
            method,
            json: request,
            timeoutMs,
            connectTimeoutMs: program.connectTimeoutMs,
            traceparent,
            caller: program.name,
            signal: time.signal,
            onSent: span.sent,
            dyed: time.dyed,
            tls: program.tlsOf(place, peerService),
          };
          const { resultObj } = await callHttpJson(place, asked);
          span.end(program.recorder, { ...end, responseBytes: Buffer.byteLength(JSON.stringify(resultObj)) });
          return resultObj;
        } catch (error) {
          span.end(program.recorder, { ...end, error });
          throw error;
        }
      },
      position,
    );
    return { result: answer, requestId };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new RpcError(error.code, error.message, { details: { ...error.details, requestId }, cause: error });
  }
}

function noJsonOver(place: Extract<Place, { readonly port: number }>): RpcError {
  const problem = `${placeName(place)}: JSON is called over HTTP, on TCP; leave @${place.protocol} away`;
  return new RpcError(Code.InvalidArgument, problem, { details: { notSent: true } });
}
