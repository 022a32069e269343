import { currentContext, formatTraceParent, type TraceParent } from "@msec/rpc";

/**
 * The headers by which a request that is made by other means (`fetch`, a client of another framework, a message in a queue) is a part of the request
 * being served: `traceparent`, and `tracestate` and `msec-coloring` where there is something to say.
 *
 * Baggage is not among them: what somebody outside has put there must not reach the next one by itself.
 *
 * @param context  default: the request being served by the code that asks
 * @returns {} outside of all requests
 * @see https://www.w3.org/TR/trace-context/
 */
export function traceHeaders(
  context: (TraceParent & { readonly dyed?: boolean }) | undefined = currentContext(),
): Record<string, string> {
  if (context === undefined) return {};
  return {
    traceparent: formatTraceParent(context),
    ...(context.traceState ? { tracestate: context.traceState } : {}),
    ...(context.dyed ? { "msec-coloring": "1" } : {}),
  };
}
