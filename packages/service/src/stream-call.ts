import { AsyncLocalStorage } from "node:async_hooks";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type CallOptions, Code, RpcError, type StreamCall } from "@msec/rpc";
import type { ChannelPool } from "./channel-pool.ts";
import type { RouteLoans, ServiceRoute } from "./routes/route-loans.ts";
import { parseTarget } from "./target.ts";

/**
 * Streaming calls to a target, over gRPC, which the port of every service speaks. An instance is chosen as for other calls; a stream is never repeated elsewhere, and of how it
 * went routing learns only that an instance could not be used: how long a stream lasts says nothing of who serves it.
 */
export function streamCallTo(target: string, channels: ChannelPool, routes: RouteLoans): StreamCall {
  return (method, requests, options = {}) => {
    // Of the request that makes the call, whoever then takes the answers.
    const inRequest = AsyncLocalStorage.snapshot();
    const open = (place: { readonly address: string; readonly port: number }, service: string) =>
      inRequest(() => channels.grpcTo(place, service).stream(method, requests, options));
    return stream(target, options, routes, open);
  };
}

type Open<O extends DescMessage> = (
  place: { readonly address: string; readonly port: number },
  service: string,
) => AsyncGenerator<MessageShape<O>, void, undefined>;

async function* stream<O extends DescMessage>(
  target: string,
  options: CallOptions,
  routes: RouteLoans,
  open: Open<O>,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const parsed = parseTarget(target);
  if ("path" in parsed || ("port" in parsed && parsed.protocol === "udp")) {
    const message = `${target}: streams go over gRPC, to a service by name or to an address and port over TCP`;
    throw new RpcError(Code.InvalidArgument, message, { details: { notSent: true } });
  }
  const route: ServiceRoute = await routes.get(target, options);
  try {
    yield* open(route, route.service);
  } catch (error) {
    // Once said, it is no loan any more: `giveBack` does nothing.
    if (isLost(error)) routes.update(route, { ok: false, durationMs: 0 });
    throw error;
  } finally {
    routes.giveBack(route);
  }
}

function isLost(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.Unavailable;
}
