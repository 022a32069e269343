import { Code, RpcError } from "@msec/rpc";
import type { ExternalCodec, ExternalLimits, PartialLimits } from "@msec/rpc-node";
import type { Recorder } from "@msec/telemetry";
import { ClientSpan, currentPosition } from "../client-span.ts";
import { type ExternalPlace, type Place, placeName } from "../place.ts";
import type { CallTime, RoutedCalls } from "../routed-calls.ts";
import type { ExternalPool } from "./external-pool.ts";

/** How one call of an external service is to be made. */
export type ExternalOptions = CallTime & {
  /** What the call is recorded as, in curves and flows: `Jsoup.Crawl`. 1…200 characters; few different ones, as method names are. */
  readonly method: string;
  /** Default `tcp`, or what an address says (`127.0.0.1:53@udp`); `udp` for a service that is called by name over UDP. */
  readonly protocol?: "tcp" | "udp" | undefined;
  /** Limits of the connections to the place; those of the first call to it hold. */
  readonly limits?: PartialLimits<ExternalLimits> | undefined;
};

/** What calling an external service takes from the program. */
export type ExternalProgram = {
  readonly calls: RoutedCalls;
  readonly externals: ExternalPool;
  readonly recorder: Recorder;
};

/**
 * Calls a service that speaks a protocol of its own: routed like any call (at another instance where nothing of it was sent), with the request's
 * deadline, recorded under `options.method`.
 *
 * @throws RpcError of `createExternalChannel`'s call, or of routing
 */
export async function callExternal<Request, Response>(
  program: ExternalProgram,
  target: string,
  request: Request,
  codec: ExternalCodec<Request, Response>,
  options: ExternalOptions,
): Promise<Response> {
  const { method, protocol, limits, signal } = options;
  if (typeof method !== "string" || method.length < 1 || method.length > 200) {
    throw new RpcError(Code.InvalidArgument, "method must be a name of 1…200 characters, such as Jsoup.Crawl", {
      details: { notSent: true },
    });
  }
  // All attempts are spans of one request.
  const position = currentPosition();
  return await program.calls.run(
    target,
    method,
    options,
    async (found, peerService, timeoutMs, marks) => {
      const place = withProtocol(found, protocol);
      const span = new ClientSpan(method, timeoutMs, position);
      const routeVersion = program.calls.routeVersionOf(peerService);
      const end = { peerService, peerInstance: placeName(place), attempt: marks?.attempt, routeVersion };
      try {
        const channel = program.externals.channelTo(place, peerService, codec, limits);
        const { response, requestBytes, responseBytes } = await channel.call(request, {
          ...{ timeoutMs, signal, method, onSent: span.sent },
        });
        span.end(program.recorder, { ...end, requestBytes, responseBytes });
        return response;
      } catch (error) {
        span.end(program.recorder, { ...end, error });
        throw error;
      }
    },
    position,
  );
}

// Routes know of no protocol, and are more than a place.
function withProtocol(place: Place, protocol: "tcp" | "udp" | undefined): ExternalPlace {
  if ("path" in place) return { path: place.path };
  if (place.protocol === "grpc") {
    const problem = `${placeName(place)}: a gRPC server is called with call, not with a protocol of its own`;
    throw new RpcError(Code.InvalidArgument, problem, { details: { notSent: true } });
  }
  return { address: place.address, port: place.port, protocol: place.protocol ?? protocol };
}
