import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { readChecked, type StateDirectory, writeChecked } from "@msec/process";
import { type OperatorApi, openOperatorApi } from "../api/operator-client.ts";
import { createSignInLink } from "../api/sign-in-link.ts";
import type { CommandContext } from "../context.ts";
import { buildConsole, consoleIsStale } from "./console-build.ts";
import { type ExampleService, flightExample } from "./flight-example.ts";
import { installExample } from "./install-example.ts";
import { leaveEnrolment } from "./leave-enrolment.ts";
import type { Parts } from "./parts.ts";
import type { Progress } from "./progress.ts";
import { registerExample, routeExample, waitForHost, waitForInstances } from "./register-example.ts";
import { type Settings, serviceRoot } from "./settings.ts";

/** What to bring up, and how. */
export interface BringUpOptions {
  readonly settings: Settings;
  readonly state: StateDirectory;
  readonly parts: Parts;
  readonly signal: AbortSignal;
}

const hostTimeoutMs = 30_000;
const instancesTimeoutMs = 60_000;

/**
 * Bring the system up: console, server, agent, and at the first start the flight example; then print where the console is.
 *
 * @throws UserError when a part does not come up; the signal's reason when it aborts
 */
export async function bringUp(options: BringUpOptions, context: CommandContext, progress: Progress): Promise<void> {
  const { parts, signal, state } = options;
  const { messages } = context;
  // The server serves the console's files whenever they come: building it and all the rest go on side by side.
  const failed = new AbortController();
  const building = buildConsoleIfStale(context, progress, AbortSignal.any([signal, failed.signal]));
  try {
    const serverPid = await parts.startFirst("server", signal);
    const api = openOperatorApi(state.path, messages);
    progress.step(messages.stepServer, messages.serverReady(api.baseUrl, serverPid));
    const host = await startAgent(options, api, context, progress);
    await bringUpExample(options, api, host, context, progress);
    await building;
    await sayReady(api, context, progress, options.settings.example.enabled);
  } catch (error) {
    failed.abort();
    await building.catch(() => {}); // The first error is the one to tell.
    throw error;
  }
}

async function buildConsoleIfStale(context: CommandContext, progress: Progress, signal: AbortSignal): Promise<void> {
  const { messages } = context;
  if (!consoleIsStale()) {
    progress.step(messages.stepConsole, messages.consoleCurrent);
    return;
  }
  progress.step(messages.stepConsole, messages.consoleBuilding);
  await buildConsole(messages, signal);
  progress.step(messages.stepConsole, messages.consoleBuilt);
}

/** Start the agent, which enrols first where it has no identity. @returns the host's id */
async function startAgent(
  { parts, settings, signal, state }: BringUpOptions,
  api: OperatorApi,
  { messages }: CommandContext,
  progress: Progress,
): Promise<string> {
  const registry = api.client(RegistryService);
  const enrolled = existsSync(join(state.path, "agent/identity.json"));
  if (!enrolled) await leaveEnrolment(registry, settings, state);
  const pid = await parts.startFirst("agent", signal);
  if (!enrolled) progress.step(messages.stepAgent, messages.agentEnrolled);
  const host = await waitForHost(registry, state.path, { timeoutMs: hostTimeoutMs, signal, messages });
  progress.step(messages.stepAgent, messages.agentReady(host.name, pid));
  return host.id;
}

/** What is remembered of the example: that it was set up, so that what an operator changes afterwards stays changed. */
const rememberedFile = "launcher/example.json";

async function bringUpExample(
  { settings, signal, state }: BringUpOptions,
  api: OperatorApi,
  hostId: string,
  { messages }: CommandContext,
  progress: Progress,
): Promise<void> {
  if (!settings.example.enabled) return;
  const registry = api.client(RegistryService);
  const services = flightExample(settings.example);
  const remembered = join(state.path, rememberedFile);
  const first = (await readChecked(remembered)).status !== "intact";
  const wait = { timeoutMs: instancesTimeoutMs, signal, messages };
  if (first) {
    const root = serviceRoot(settings, state.path);
    // Callees before callers: a traffic source that begins before there is anybody to call would begin with failures.
    const callers = services.filter(({ ports }) => ports.includes(0));
    for (const group of [services.filter((service) => !callers.includes(service)), callers]) {
      for (const service of group) installExample(root, service);
      await registerExample(registry, group, hostId);
      await waitForInstances(registry, group, wait);
      await routeExample(registry, group, hostId, wait);
    }
    mkdirSync(dirname(remembered), { recursive: true });
    await writeChecked(remembered, { services: services.map(({ name, ports }) => ({ name, ports })) });
    progress.step(messages.stepExample, messages.exampleRegistered(services.length, countInstances(services)));
  }
  await waitForInstances(registry, services, wait);
  progress.step(messages.stepExample, messages.exampleRunning);
}

function countInstances(services: readonly ExampleService[]): number {
  return services.reduce((sum, { ports }) => sum + ports.length, 0);
}

async function sayReady(
  api: OperatorApi,
  { messages, style }: CommandContext,
  progress: Progress,
  hasExample: boolean,
): Promise<void> {
  const link = await createSignInLink(api.baseUrl, api.client(SessionService));
  const request = '{"name":"bison","password":"123456","departureCity":"sz","destinationCity":"xz"}';
  const commands = [
    "npx msec services",
    ...(hasExample ? [`npx msec call Flight.mod_flight flight.flight_service.queryFlight '${request}'`] : []),
    "npx msec stop server",
  ];
  progress.step(messages.stepReady, style.good(messages.readyAfter(progress.seconds())));
  progress.say(`\n  ${messages.consoleAddress}  ${style.strong(link.url)}`);
  progress.say(`  ${style.faint(messages.consoleAddressNote)}\n`);
  progress.say(`  ${messages.tryNext}`);
  for (const command of commands) progress.say(`    ${command}`);
  progress.say("");
}
