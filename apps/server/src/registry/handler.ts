import type { ServiceImpl } from "@connectrpc/connect";
import { Transport } from "@msec/api/agent/v1/common_pb.js";
import { type AddInstanceRequest, type RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { Enrollment } from "../agents/enrollment.ts";
import type { HostDirectory } from "../agents/host-directory.ts";
import { assertHostName } from "../agents/host-name.ts";
import { assertZone } from "../agents/host-zone.ts";
import type { RegistryFeed } from "./control-feed.ts";
import { assertPort, normalizeAddress } from "./endpoint.ts";
import type { HostRegistry } from "./host-registry.ts";
import { settingsText } from "./instance-settings.ts";
import { policyText } from "./routing-policy.ts";
import { assertServiceName } from "./service-name.ts";
import type { SilenceWatch } from "./silence-watch.ts";
import { defaultWeight, type NewInstance, type RegistryStore, type ServiceRow } from "./store.ts";
import { hostView, instanceView, serviceView } from "./view.ts";

const maxInstancesPerChange = 1_000;

/** What the registry's methods work on. */
export interface RegistryParts {
  readonly registry: RegistryStore;
  readonly feed: RegistryFeed;
  readonly hosts: HostDirectory;
  readonly enrollment: Enrollment;
  readonly silence: SilenceWatch;
  readonly hostRegistry: HostRegistry;
  /** Where agents dial and what they pin. */
  readonly agentEndpoint: { readonly server: string; readonly serverFingerprint: string };
}

/** `msec.console.v1.RegistryService`. */
export function createRegistryHandler(parts: RegistryParts): ServiceImpl<typeof RegistryService> {
  const { registry, feed, hosts, silence } = parts;
  return {
    async listServices() {
      const [services, instances] = [await registry.listServices(), await registry.listInstances()];
      const byService = Map.groupBy(instances, (instance) => instance.service);
      const views = services
        .sort((left, right) => (left.name < right.name ? -1 : 1))
        .map((service) => serviceView(service, byService.get(service.name) ?? [], hosts, silence));
      return { services: views };
    },

    async getService({ name }) {
      const { service, instances } = await getService(registry, name);
      return { service: serviceView(service, instances, hosts, silence) };
    },

    async createService({ name, kind, defaultPort }) {
      assertServiceName(name);
      assertPort(defaultPort, "default_port");
      if (kind !== ServiceKind.STANDARD && kind !== ServiceKind.EXTERNAL) {
        throw new RpcError(Code.InvalidArgument, `kind ${kind} must be 1 (standard) or 2 (external)`);
      }
      await registry.createService(name, kind, defaultPort);
      await feed.refresh();
      const { service } = await getService(registry, name);
      return { service: serviceView(service, [], hosts, silence) };
    },

    async removeService({ name }) {
      await registry.removeService(name);
      await feed.refresh();
      return {};
    },

    async addInstance(request) {
      const { service } = await getService(registry, request.service);
      const row = await registry.addInstance(newInstance(request, service, hosts));
      await feed.refresh();
      return { instance: instanceView(row, hosts, silence) };
    },

    async removeInstances({ instanceIds }) {
      await registry.removeInstances(checkIds(instanceIds));
      await feed.refresh();
      return {};
    },

    async setInstance({ instanceId, weight, settings }) {
      assertWeight(weight);
      const row = await registry.setInstance(instanceId, {
        ...(weight === 0 ? {} : { weight }),
        ...(settings === undefined ? {} : { settings: settingsText(settings) }),
      });
      await feed.refresh();
      return { instance: instanceView(row, hosts, silence) };
    },

    async setRoutingPolicy({ service: name, policy }) {
      await registry.setPolicy(name, policyText(policy));
      await feed.refresh();
      const { service, instances } = await getService(registry, name);
      return { service: serviceView(service, instances, hosts, silence) };
    },

    async setRouting({ instanceIds, inRouting }) {
      const rows = await registry.setRouting(checkIds(instanceIds), inRouting);
      await feed.refresh();
      return {
        instances: rows.map((row) => instanceView(row, hosts, silence)),
        routeVersion: BigInt(feed.routeVersion),
      };
    },

    listHosts() {
      const views = hosts
        .list()
        .sort((left, right) => (left.name < right.name ? -1 : 1))
        .map((host) => hostView(host, hosts, feed));
      return { hosts: views, routeVersion: BigInt(feed.routeVersion) };
    },

    async setHostZone({ hostId, zone }) {
      assertZone(zone);
      const host = await parts.hostRegistry.setZone(hostId, zone);
      return { host: hostView(host, hosts, feed) };
    },

    async removeHost({ hostId }) {
      await parts.hostRegistry.remove(hostId);
      return {};
    },

    async createEnrollToken({ hostName }) {
      if (hostName !== "") {
        assertHostName(hostName);
      }
      return { ...(await parts.enrollment.createToken(hostName)), ...parts.agentEndpoint };
    },
  };
}

/** Ids without repetition. @throws RpcError InvalidArgument */
function checkIds(instanceIds: readonly string[]): string[] {
  const ids = [...new Set(instanceIds)];
  if (ids.length === 0 || ids.length > maxInstancesPerChange) {
    throw new RpcError(Code.InvalidArgument, `instance_ids has ${ids.length} ids, expected 1…${maxInstancesPerChange}`);
  }
  return ids;
}

function assertWeight(weight: number): void {
  if (weight > 10_000) throw new RpcError(Code.InvalidArgument, `weight ${weight} must be 1…10000, or 0`);
}

async function getService(registry: RegistryStore, name: string) {
  const found = await registry.findService(name);
  if (found === undefined) {
    throw new RpcError(Code.NotFound, `there is no service ${JSON.stringify(name.slice(0, 80))}`);
  }
  return found;
}

function newInstance(request: AddInstanceRequest, service: ServiceRow, hosts: HostDirectory): NewInstance {
  assertPort(request.port, "port");
  assertWeight(request.weight);
  const port = request.port === 0 ? service.default_port : request.port;
  if (service.kind === ServiceKind.EXTERNAL) {
    return externalInstance(request, service, port);
  }
  if (request.hostId === "") {
    throw new RpcError(Code.InvalidArgument, `host_id is empty; ${service.name} runs on msec, so name the host`);
  }
  const host = hosts.find(request.hostId);
  if (host === undefined) {
    throw new RpcError(Code.NotFound, `there is no host ${JSON.stringify(request.hostId.slice(0, 80))}`);
  }
  if (request.transport > Transport.TCP) {
    throw new RpcError(Code.InvalidArgument, `transport must be TCP; ${service.name} runs on msec`);
  }
  const address = request.address === "" ? host.address : normalizeAddress(request.address, "address");
  return {
    service: service.name,
    address,
    port,
    hostId: host.id,
    weight: request.weight === 0 ? defaultWeight : request.weight,
    settings: settingsText(request.settings),
    run: !request.stopped,
  };
}

function externalInstance(request: AddInstanceRequest, service: ServiceRow, port: number): NewInstance {
  if (request.hostId !== "") {
    throw new RpcError(Code.InvalidArgument, `host_id must be empty; ${service.name} is external and runs on no host`);
  }
  if (port === 0) {
    throw new RpcError(
      Code.InvalidArgument,
      `port is 0 and ${service.name} has no default; an external service needs one`,
    );
  }
  if (settingsText(request.settings) !== "" || request.stopped) {
    throw new RpcError(
      Code.InvalidArgument,
      `settings and stopped must be unset; ${service.name} is external and not ours to run`,
    );
  }
  if (request.transport > Transport.TCP_AND_UDP) {
    throw new RpcError(Code.InvalidArgument, `transport ${request.transport} must be 0…3`);
  }
  return {
    service: service.name,
    address: normalizeAddress(request.address, "address"),
    port,
    hostId: null,
    weight: request.weight === 0 ? defaultWeight : request.weight,
    transport: request.transport === Transport.UNSPECIFIED ? Transport.TCP : request.transport,
  };
}
