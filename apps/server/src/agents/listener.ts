import type { DescService } from "@bufbuild/protobuf";
import { ControlService } from "@msec/api/agent/v1/control_pb.js";
import type { Log } from "@msec/process";
import { Code, codeName, MethodTable, type ServiceImplementation } from "@msec/rpc";
import { type Listener, listen, type PeerLimits } from "@msec/rpc-node";
import { rpcErrorFrom } from "../errors/rpc-error-from.ts";
import { listenError } from "../http/listener.ts";
import type { ServerIdentity } from "./server-identity.ts";

// Telemetry batches have at most 1 MiB each, and an agent puts several into one request.
const maxFrameBytes = 16 * 1024 * 1024;
// Before an agent is known: room for all of a large cluster to reconnect at once.
const maxConnections = 10_000;
// Agents keep a long poll open all the time; a connection without any call is dead.
const idleMs = 180_000;

/** A service that a capability offers to agents beside ControlService, with its handlers. */
export interface AgentService {
  readonly service: DescService;
  readonly handlers: object;
}

/**
 * Listen for agents: SRPC on mutually authenticated TLS.
 *
 * Any certificate is let in, as an agent that enrols has one that nobody knows yet; each method but `Enroll` refuses
 * those that belong to no host.
 *
 * @param more   services of other capabilities for agents
 * @param peers  what one address may have; default a quarter of all connections
 * @throws UserError where the port cannot be had
 */
export async function listenAgents(
  address: string,
  port: number,
  identity: ServerIdentity,
  handlers: ServiceImplementation<typeof ControlService>,
  log: Log,
  more: readonly AgentService[] = [],
  peers: Pick<PeerLimits, "maxPerPeer" | "sharedPeers"> = {},
): Promise<Listener> {
  const methods = new MethodTable().add(ControlService, translateErrors(handlers, "ControlService", log));
  for (const { service, handlers: others } of more)
    methods.add(service, translateErrors(others, service.name, log) as ServiceImplementation<DescService>);
  const { maxPerPeer, sharedPeers } = peers;
  try {
    return await listen({
      methods,
      address,
      port,
      tls: { key: identity.key, cert: identity.certificate, requestCert: true },
      limits: {
        connections: { max: maxConnections, idleMs, ...(maxPerPeer === undefined ? {} : { maxPerPeer }) },
        frames: { maxBytes: maxFrameBytes },
      },
      sharedPeers,
      onNotice: (notice) => log.warn(`agents: ${notice}`),
      serviceName: "msec.server",
    });
  } catch (error) {
    throw listenError(error, address, port, "agent_listen");
  }
}

/** Wrap each handler so that what it throws reaches the agent as an `RpcError`, and the operator's log with its cause. */
function translateErrors<Handlers extends object>(handlers: Handlers, service: string, log: Log): Handlers {
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (request: never, context: never) => {
      try {
        return await (handler as (request: never, context: never) => unknown)(request, context);
      } catch (thrown) {
        const error = rpcErrorFrom(thrown);
        if (error.cause !== undefined) {
          const level = error.code === Code.Internal ? "error" : "warn";
          log[level](`${service}.${name} failed: ${codeName(error.code)}`, { error: error.cause });
        }
        throw error;
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Handlers;
}
