import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { CapacityService } from "@msec/api/console/v1/capacity_pb.js";
import { RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import type { MonitoringOnlySchema } from "@msec/api/console/v1/session_pb.js";
import type { OtlpDoors } from "@msec/otlp/listen";
import { Code, RpcError } from "@msec/rpc";
import type { Reporter } from "@msec/telemetry-store";
import type { ServerConfig } from "../config/server-config.ts";
import type { KnownService } from "../requests/handler.ts";
import { askTelemetry } from "../telemetry/telemetry-error.ts";
import { type ReporterTree, treeDays } from "./reporter-tree.ts";

// What a server that only monitors does besides reading: agents enrol to carry telemetry, and leave.
const kept: ReadonlySet<string> = new Set(["listHosts", "getRoutes", "createEnrollToken", "removeHost"]);

/**
 * The registry of a server that only monitors: services and instances are those that reported in the last seven days; nothing can be
 * registered, routed or removed.
 */
export function monitoringRegistry(
  handler: ServiceImpl<typeof RegistryService>,
  tree: ReporterTree,
): ServiceImpl<typeof RegistryService> {
  const reported = async () => servicesOf(await askTelemetry(tree.read()));
  const read: Partial<ServiceImpl<typeof RegistryService>> = {
    listServices: async () => ({ services: await reported() }),
    async getService({ name }) {
      const service = (await reported()).find((one) => one.name === name);
      if (service === undefined)
        throw new RpcError(Code.NotFound, `${name} has reported nothing in the last ${treeDays} days`);
      return { service };
    },
  };
  return withoutChanges({ ...handler, ...read }, RegistryService, new Set([...kept, ...Object.keys(read)]));
}

/** The programs that reported in the last seven days as services of the map: what they are otherwise nobody knows. */
export async function reportedServices(tree: ReporterTree): Promise<KnownService[]> {
  const names = new Set((await askTelemetry(tree.read())).map(({ service }) => service));
  return [...names].map((name) => ({ name, kind: ServiceKind.STANDARD }));
}

/** Where programs report to a server that only monitors, as its console tells. */
export function reportingDoors(
  config: Pick<ServerConfig, "otlp_listen" | "otlp_grpc_listen" | "otlp_token_file">,
  doors: Pick<OtlpDoors, "httpPort" | "grpcPort"> | undefined,
): MessageInitShape<typeof MonitoringOnlySchema> {
  const { otlp_listen: http, otlp_grpc_listen: grpc } = config;
  return {
    otlpHttp: http === "" || doors === undefined ? "" : formatAddress(http.address, doors.httpPort),
    otlpGrpc: grpc === "" || doors === undefined ? "" : formatAddress(grpc.address, doors.grpcPort),
    tokenNeeded: config.otlp_token_file !== "",
  };
}

/** The methods of moving services, of which only those that read are left. */
export function monitoringCapacity(handler: ServiceImpl<typeof CapacityService>): ServiceImpl<typeof CapacityService> {
  return withoutChanges(handler, CapacityService, new Set());
}

/** Methods that read (`get…`, `list…`, `watch…`) and those named stay; the others say why not. */
function withoutChanges<Handlers extends object>(
  handlers: Handlers,
  { method }: { readonly method: Readonly<Record<string, unknown>> },
  named: ReadonlySet<string>,
): Handlers {
  const refuse = () => {
    throw new RpcError(
      Code.FailedPrecondition,
      "this server only monitors (only = monitoring in [server] of msec.ini)",
    );
  };
  const refused = Object.keys(method).filter((name) => !named.has(name) && !/^(get|list|watch)[A-Z]/.test(name));
  return { ...handlers, ...Object.fromEntries(refused.map((name) => [name, refuse])) };
}

function servicesOf(reporters: readonly Reporter[]) {
  const byService = Map.groupBy(reporters, ({ service }) => service);
  return [...byService]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, own]) => ({
      name,
      kind: ServiceKind.EXTERNAL,
      instances: own.toSorted(byPlace).map(({ instance, host, lastMs }) => {
        const { address, port } = placeOf(instance);
        return {
          ...{ id: `${name} ${instance} ${host}`, service: name, address, port, hostName: host, run: true },
          reportedMs: lastMs,
        };
      }),
    }));
}

function byPlace(left: Reporter, right: Reporter): number {
  return left.instance < right.instance || (left.instance === right.instance && left.host < right.host) ? -1 : 1;
}

function formatAddress(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function placeOf(instance: string): { address: string; port: number } {
  const match = /^(.*):(\d{1,5})$/.exec(instance);
  return match === null ? { address: instance, port: 0 } : { address: match[1]!, port: Number(match[2]) };
}
