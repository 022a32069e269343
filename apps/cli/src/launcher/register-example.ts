import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, Code } from "@connectrpc/connect";
import { ProcessState } from "@msec/api/agent/v1/common_pb.js";
import { type Host, type Instance, type RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { readChecked, UserError } from "@msec/process";
import { failedWith } from "../api/connect-error.ts";
import type { Messages } from "../messages/messages.ts";
import { instanceAddress } from "../output/instance-address.ts";
import type { ExampleService } from "./flight-example.ts";

type Registry = Client<typeof RegistryService>;

/** Registers the example's services and their instances on a host; what exists already is taken as it is. */
export async function registerExample(
  registry: Registry,
  services: readonly ExampleService[],
  hostId: string,
): Promise<void> {
  for (const { name, ports } of services) {
    await unlessExists(registry.createService({ name, kind: ServiceKind.STANDARD, defaultPort: ports[0] ?? 0 }));
    const { service } = await registry.getService({ name });
    const known = service?.instances ?? [];
    for (const port of ports) {
      if (known.some((instance) => instance.port === port)) continue;
      await unlessExists(registry.addInstance({ service: name, hostId, port }));
    }
  }
}

/**
 * Takes those instances of the example that listen on a port into routing, and waits until the host's agent has the new routes:
 * who calls from now on gets through.
 *
 * @throws UserError when the agent does not have them after `timeoutMs`; the signal's reason when it aborts
 */
export async function routeExample(
  registry: Registry,
  services: readonly ExampleService[],
  hostId: string,
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs, signal, messages } = options;
  const instances = (await listInstances(registry, services)).filter(({ port, inRouting }) => port !== 0 && !inRouting);
  if (instances.length === 0) return;
  const { routeVersion } = await registry.setRouting({ instanceIds: instances.map(({ id }) => id), inRouting: true });
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { hosts } = await registry.listHosts({});
    if (hosts.some(({ id, appliedRouteVersion }) => id === hostId && appliedRouteVersion >= routeVersion)) return;
    if (performance.now() >= deadline) throw new UserError(messages.routesTooSlow(timeoutMs / 1000));
    await delay(50, undefined, { signal });
  }
}

/** How long to wait, and how to say that it took longer. */
export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly messages: Messages;
}

/**
 * Wait until the agent of this host has an identity and is connected.
 *
 * @param state  its state directory, where the identity is
 * @throws UserError when it is not after `timeoutMs`; the signal's reason when it aborts
 */
export async function waitForHost(registry: Registry, state: string, options: WaitOptions): Promise<Host> {
  const { timeoutMs, signal, messages } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const hostId = await readHostId(state);
    const { hosts } = await registry.listHosts({});
    const host = hosts.find((candidate) => candidate.id === hostId && candidate.connected);
    if (host !== undefined) return host;
    if (performance.now() >= deadline) throw new UserError(messages.partTooSlow("agent", timeoutMs / 1000));
    await delay(100, undefined, { signal });
  }
}

async function readHostId(state: string): Promise<unknown> {
  const found = await readChecked(join(state, "agent/identity.json"));
  return found.status === "intact" ? (found.value as { hostId?: unknown }).hostId : undefined;
}

/**
 * Wait until every instance of the example runs.
 *
 * @throws UserError naming those that do not after `timeoutMs`, with what is known of why; the signal's reason when it aborts
 */
export async function waitForInstances(
  registry: Registry,
  services: readonly ExampleService[],
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs, signal, messages } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const waiting = (await listInstances(registry, services)).filter((instance) => !isRunning(instance));
    if (waiting.length === 0) return;
    if (performance.now() >= deadline) {
      const names = waiting.map(describeWaiting).join(", ");
      throw new UserError(messages.instancesTooSlow(names, timeoutMs / 1000), { hint: messages.instancesTooSlowHint });
    }
    await delay(200, undefined, { signal });
  }
}

async function listInstances(registry: Registry, services: readonly ExampleService[]): Promise<Instance[]> {
  const found = await registry.listServices({});
  return found.services
    .filter(({ name }) => services.some((service) => service.name === name))
    .flatMap(({ instances }) => instances);
}

function isRunning({ process }: Instance): boolean {
  return process?.state === ProcessState.RUNNING;
}

function describeWaiting(instance: Instance): string {
  const reason = instance.process?.reason ? ` (${instance.process.reason})` : "";
  return `${instance.service} ${instanceAddress(instance)}${reason}`;
}

async function unlessExists(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!failedWith(error, Code.AlreadyExists)) throw error;
  }
}
