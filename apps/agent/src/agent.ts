import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import {
  createLog,
  type DirectoryLock,
  type Log,
  lockDirectory,
  openState,
  removeRunRecord,
  UserError,
} from "@msec/process";
import type { Listener } from "@msec/rpc-node";
import type { AgentArguments } from "./arguments.ts";
import { AssignmentStore } from "./assignment/assignment-store.ts";
import { watchAssignment } from "./assignment/watch-assignment.ts";
import { type AgentConfig, readAgentConfig } from "./config/agent-config.ts";
import { type AgentPaths, agentPaths } from "./config/agent-paths.ts";
import { ControlLink } from "./control/control-link.ts";
import { HeldRules } from "./dyeing/held-rules.ts";
import { watchDyeing } from "./dyeing/watch-dyeing.ts";
import { ProcessList } from "./host/process-list.ts";
import { HostReporter } from "./host/report-host.ts";
import { reportMetrics } from "./host/report-metrics.ts";
import { showProcesses } from "./host/show-processes.ts";
import { TopProcesses } from "./host/top-processes.ts";
import { Membership } from "./identity/membership.ts";
import { listenLocal } from "./local/listen-local.ts";
import type { StatusFields } from "./local/local-service.ts";
import { type LocalHttp, listenLocalHttp } from "./local-http/listen-local-http.ts";
import { type ForeignTelemetry, prepareForeignTelemetry } from "./otlp/foreign-telemetry.ts";
import { recordAgent } from "./record-agent.ts";
import { RouteReporter } from "./routes/report-routes.ts";
import { RouteTables } from "./routes/route-tables.ts";
import { RouteUsers } from "./routes/route-users.ts";
import { RoutedPlaces } from "./routes/routed-places.ts";
import { watchRoutes } from "./routes/watch-routes.ts";
import { SharedFindings } from "./sharing/shared-findings.ts";
import { SpanRates } from "./spans/span-rates.ts";
import { sayPlace } from "./spool/say-place.ts";
import { sendSpool } from "./spool/send-spool.ts";
import { Spool } from "./spool/spool.ts";
import { InstanceSet } from "./supervisor/instance-set.ts";
import { InstanceReloads, watchReloads } from "./supervisor/reload-instances.ts";

/** An agent that serves its host. */
export interface Agent {
  /** The unix socket for the processes of this host. */
  readonly socket: string;
  /** Settles when the agent cannot go on, with why; never when it is stopped. */
  readonly failed: Promise<Error>;
  /**
   * Stop. Settles when everything is closed.
   *
   * @param stopInstances  stop the instances too; otherwise they go on, and the next agent takes them over
   */
  stop(options: { readonly stopInstances: boolean }): Promise<void>;
}

/**
 * Start an agent: from disk first (routes, instances, the local socket), so that the host works without its server; then,
 * in the background, join the server and follow it.
 *
 * @throws UserError for whatever the person who started it can mend
 */
export async function startAgent(args: AgentArguments): Promise<Agent> {
  const config = readAgentConfig(args.config);
  const log = createLog({ name: "agent", level: config.log_level });
  const state = openState(args.state);
  // A relative root is relative to the file that names it.
  const root = config.root === "" ? "" : resolve(args.config === undefined ? "." : dirname(args.config), config.root);
  const paths = agentPaths(state.path, root);
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(paths.directory, "agent directory");
  try {
    return await startParts(args, config, paths, log, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function startParts(
  args: AgentArguments,
  config: AgentConfig,
  paths: AgentPaths,
  log: Log,
  lock: DirectoryLock,
): Promise<Agent> {
  const running = new AbortController();
  const { signal } = running;
  const tables = await RouteTables.open(paths.routes, log);
  const assignments = await AssignmentStore.open(paths.assignment, log);
  const spool = new Spool({
    directory: paths.spool,
    maxBytes: config.spool_bytes,
    onPlace: (place) => sayPlace(place, paths.spool, log),
  });
  if (spool.tornBytes > 0) log.warn("the spool had a torn tail", { bytes: spool.tornBytes });
  const reporter: { notify: () => void } = { notify: () => {} };
  const instances = new InstanceSet({ ...paths, log, onChange: () => reporter.notify() });
  const processes = new ProcessList(paths.state, instances);
  const hostReporter = new HostReporter(processes, paths.root, config.zone, (zone) => tables.setZone(zone));
  reporter.notify = () => hostReporter.notify();

  const onEnrolled = async () => {
    await tables.demote();
    await assignments.demote();
  };
  const membership = await Membership.open({ paths, config, log, hostName: hostNameOf(config), args, onEnrolled });
  const link = new ControlLink(log, () => membership.unknownToServer());
  const host = () => membership.host;
  const status = (): StatusFields => ({
    ...host(),
    connected: link.status.connected,
    connectedSinceMs: link.status.sinceMs,
    connectionError: link.status.error,
    routeVersion: tables.version,
    processes: processes.sample(),
    spooledBytes: spool.bytes,
    droppedBatches: BigInt(spool.droppedBatches),
  });
  const places = new RoutedPlaces(tables);
  const users = new RouteUsers(
    () => performance.now(),
    () => routeReporter.notify(),
  );
  const routeReporter = new RouteReporter(tables, users);
  // Somebody waits for an instance that is on its way out to become idle.
  const onLoad = (instanceId: string) => {
    const { assignment } = instances.find(instanceId) ?? {};
    if (assignment !== undefined && !places.has(assignment.service, assignment.address, assignment.port)) {
      hostReporter.notifySoon();
    }
  };
  const dyeRules = new HeldRules(log);
  const shared = new SharedFindings({
    now: () => performance.now(),
    isRouted: (service, address, port) => places.has(service, address, port),
  });
  const spanRates = new SpanRates(config.spans_per_second, () => performance.now());
  const lateS = () => Math.max(tables.lateS, assignments.lateS);
  const foreign = prepareForeignTelemetry({
    ...{ config, spool, spanRates, log, hostName: hostNameOf(config) },
    isConnected: () => link.status.connected,
    routeVersion: () => tables.version,
    lateS,
  });
  await foreign.listen();
  const localHttp = await listenLocalHttp(
    {
      socket: paths.localSocket,
      extraSocket: config.local_socket,
      extraSocketMode: Number.parseInt(config.local_socket_mode, 8),
      port: config.local_port,
      token: paths.localToken,
      root: paths.root,
    },
    { tables, instances, spool: foreign.spool, log, status, shared, hostId: () => host().hostId },
  );
  const listener = await listenLocal(
    paths.socket,
    { tables, instances, spool: foreign.spool, spanRates, log, host, status, users, onLoad },
    shared,
    dyeRules,
  );
  recordAgent(paths.state, paths.socket, log, signal);
  instances.reconcile(assignments.assignments);
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  const work = [
    membership.follow(link, signal),
    watchRoutes(link, tables, log, signal),
    watchAssignment(link, assignments, log, signal, (list) => {
      instances.reconcile(list);
      void instances.stopForgotten();
    }),
    routeReporter.run(link, signal),
    watchDyeing(link, dyeRules, signal),
    watchReloads(link, new InstanceReloads(instances, paths.socket, log), signal),
    sendSpool(link, spool, log, signal),
    reportMetrics({ append: foreign.spool.append, state: spool, lateS }, log, signal),
    hostReporter.run(link, signal),
    showProcesses(link, new TopProcesses(() => processes.owners()), signal),
  ];
  for (const part of work) part.catch((error) => fail(error instanceof Error ? error : new Error(String(error))));
  return {
    socket: paths.socket,
    failed,
    stop: ({ stopInstances }) =>
      stop({ stopInstances, running, instances, listener, localHttp, foreign, link, work, spool, paths, lock, log }),
  };
}

/** In this order: instances report until they have ended, so the local socket is closed after them. */
async function stop(parts: {
  readonly stopInstances: boolean;
  readonly running: AbortController;
  readonly instances: InstanceSet;
  readonly listener: Listener;
  readonly localHttp: LocalHttp;
  readonly foreign: ForeignTelemetry;
  readonly link: ControlLink;
  readonly work: readonly Promise<void>[];
  readonly spool: Spool;
  readonly paths: AgentPaths;
  readonly lock: DirectoryLock;
  readonly log: Log;
}): Promise<void> {
  if (parts.stopInstances) await parts.instances.stopAll();
  else parts.instances.releaseAll();
  await parts.listener.close({ graceMs: 0 });
  await parts.localHttp.close();
  await parts.foreign.close();
  parts.running.abort();
  await parts.link.close();
  await Promise.allSettled(parts.work);
  const lost = parts.spool.close();
  if (lost > 0) parts.log.error("telemetry that waited in memory for a full disk is lost", { batches: lost });
  removeRunRecord(parts.paths.state, "agent");
  parts.lock[Symbol.dispose]();
}

function hostNameOf(config: AgentConfig): string {
  if (config.host_name !== "") return config.host_name;
  const name = hostname()
    .replace(/[^a-zA-Z0-9._-]/g, "-")
    .replace(/^[^a-zA-Z0-9]+/, "")
    .slice(0, 63);
  if (name === "")
    throw new UserError("this machine has no usable host name", { hint: "set host_name in [agent] of msec.ini" });
  return name;
}
