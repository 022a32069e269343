import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DyeingService as AgentDyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { ProcessesService as AgentProcessesService } from "@msec/api/agent/v1/processes_pb.js";
import { ReloadService } from "@msec/api/agent/v1/reload_pb.js";
import { AlarmService } from "@msec/api/console/v1/alarms_pb.js";
import { CapacityService } from "@msec/api/console/v1/capacity_pb.js";
import { DyeingService } from "@msec/api/console/v1/dyeing_pb.js";
import { HealthService } from "@msec/api/console/v1/health_pb.js";
import { LogService } from "@msec/api/console/v1/logs_pb.js";
import { MetricService } from "@msec/api/console/v1/metrics_pb.js";
import { ProcessesService } from "@msec/api/console/v1/processes_pb.js";
import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { RequestService } from "@msec/api/console/v1/requests_pb.js";
import { SessionService } from "@msec/api/console/v1/session_pb.js";
import { TelemetryService } from "@msec/api/console/v1/telemetry_pb.js";
import { type KeepBatches, listenOtlp, type OtlpDoors } from "@msec/otlp/listen";
import { TelemetryTotals } from "@msec/otlp/prometheus";
import { type Log, lockDirectory, UserError } from "@msec/process";
import type { PeerLimits } from "@msec/rpc-node";
import { DatabaseFailure, findDatabaseFailure, StoreError } from "@msec/store";
import { openAlarmSeries } from "@msec/telemetry-store/alarm-series";
import { Enrollment } from "./agents/enrollment.ts";
import { createControlHandler } from "./agents/handler.ts";
import { HostDirectory } from "./agents/host-directory.ts";
import { listenAgents } from "./agents/listener.ts";
import { createProcessesFeed, createProcessesHandler, LiveProcesses } from "./agents/live-processes.ts";
import { PushOrders } from "./agents/push-orders.ts";
import { createReloadFeed, ReloadOrders } from "./agents/reload-orders.ts";
import { openServerIdentity } from "./agents/server-identity.ts";
import { type AlarmTimes, openAlarms } from "./alarms/alarms.ts";
import { readCluster } from "./alarms/evaluate/cluster.ts";
import { openSecretBox } from "./alarms/notify/secret-box.ts";
import { createCapacityHandler } from "./capacity/handler.ts";
import { OperationStore } from "./capacity/operation-store.ts";
import { Operations } from "./capacity/operations.ts";
import type { ServerConfig } from "./config/server-config.ts";
import { createDyeingFeed } from "./dyeing/agent-feed.ts";
import { createDyeingHandler } from "./dyeing/handler.ts";
import { DyeRules } from "./dyeing/rules.ts";
import { createHealthHandler } from "./health/handler.ts";
import { createApi } from "./http/api.ts";
import { listenHttp } from "./http/listener.ts";
import { createStaticFiles } from "./http/static-files.ts";
import { createLogHandler } from "./logs/handler.ts";
import { monitoringCapacity, monitoringRegistry, reportedServices, reportingDoors } from "./otlp/monitoring-only.ts";
import { ReporterTree } from "./otlp/reporter-tree.ts";
import { storeBatches } from "./otlp/store-batches.ts";
import { createMetricsPage } from "./prometheus/serve-metrics.ts";
import { countStored, serverFamilies } from "./prometheus/server-families.ts";
import { RegistryFeed } from "./registry/control-feed.ts";
import { createRegistryHandler } from "./registry/handler.ts";
import { HostRegistry } from "./registry/host-registry.ts";
import { SilenceWatch } from "./registry/silence-watch.ts";
import { moveInstances, RegistryStore } from "./registry/store.ts";
import { createRequestHandler } from "./requests/handler.ts";
import { openServerStore, type ServerStore } from "./schema.ts";
import { AttemptLimit } from "./session/attempt-limit.ts";
import { createSessionHandler, type ToldOfServer } from "./session/handler.ts";
import { openOperatorKey } from "./session/operator-key.ts";
import { personName } from "./session/person-name.ts";
import { SessionStore } from "./session/store.ts";
import { createTelemetryHandler } from "./telemetry/handler.ts";
import { HostClocks } from "./telemetry/host-clocks.ts";
import { createMetricHandler } from "./telemetry/metrics.ts";
import { withRoutingEvents } from "./telemetry/metrics-events.ts";
import { ReleaseMarks } from "./telemetry/release-marks.ts";
import { RetentionKeeper } from "./telemetry/retention-keeper.ts";
import { createTelemetrySink } from "./telemetry/sink.ts";
import { openTelemetry, telemetryAddress } from "./telemetry/telemetry.ts";
import { version } from "./version.ts";

const graceMs = 5_000;
const standbyCheckMs = 1_000;
/** By what agents, programs and channels know the server; in its directory. */
const keyFiles = ["identity.json", "operator.key", "secrets.key"];
const consoleFiles = fileURLToPath(new URL("../../console/dist", import.meta.url));

/** What a server is started with. */
export interface ServerOptions {
  /** The state directory; exists. */
  readonly state: string;
  readonly config: ServerConfig;
  readonly log: Log;
  /** Order agents whose routes are newer than the database's to take the database's; default false. */
  readonly replaceRoutes?: boolean;
  /** Ends the wait of a standby for its turn: `startServer` throws its reason. Default: none. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970 UTC; default `Date.now`. */
  readonly now?: () => number;
  /** Times of alarms that differ from their defaults: for tests. */
  readonly alarmTimes?: Partial<AlarmTimes>;
}

/** A server that serves. */
export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:8080`. */
  readonly console: string;
  /** `127.0.0.1:7960`. */
  readonly agents: string;
  /** Ports of OTLP over HTTP and gRPC; 0 for none. */
  readonly otlp: { readonly httpPort: number; readonly grpcPort: number };
  /** Settles when another server has taken the database over, which this one cannot use any more: close it. */
  readonly replaced: Promise<void>;
  /** A new one-time token for the console. @param name who will sign in with it; default `operator` */
  createSignInToken(name?: string): Promise<string>;
  /** Look now who is silent, instead of within two seconds: for whoever moves the clock. */
  tick(): Promise<void>;
  /** Judge the minutes of alarm rules that are due and send what is due, now instead of at the next tick. */
  judgeAlarms(): Promise<void>;
  /** Finish what runs, at most five seconds, then close everything; harmless when called again. */
  close(): Promise<void>;
}

/**
 * Start the control plane: database, telemetry, agents' port, console's port, in this order; closed in the other. A standby
 * waits at the first while another server has the database.
 *
 * @throws UserError, for everything that an operator can put right; the signal's reason; what was opened is closed again
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  // Whatever fails below, what was opened before is closed.
  await using stack = new AsyncDisposableStack();
  const { config, log, state } = options;
  const now = options.now ?? Date.now;
  const directory = join(state, "server");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  stack.use(lockDirectory(directory, "server directory"));

  const replaced = Promise.withResolvers<void>();
  const store = stack.use(await openDatabase(options, replaced.resolve));
  const operatorKey = await openOperatorKey(join(directory, "operator.key"));
  const identity = await openServerIdentity(join(directory, "identity.json"));

  const feed = new RegistryFeed(store, now);
  await feed.refresh();
  const hosts = new HostDirectory(store, now, log);
  await hosts.load();
  stack.defer(() => hosts.close());
  const enrollment = new Enrollment(store, now, async (transaction, from, to) => {
    await moveInstances(transaction, from, to);
  });
  const registry = new RegistryStore(store, now);
  const hostRegistry = new HostRegistry(store, hosts, feed);
  const pushes = new PushOrders();
  const reloads = new ReloadOrders(() => operations.notify());
  const operations: Operations = new Operations({
    ...{ store: new OperationStore(store), registry, feed, hosts, reloads, log, now },
  });
  stack.defer(() => operations.close());
  const silence = new SilenceWatch({ registry, feed, log, now, graceMs: config.silence_grace });
  stack.defer(() => silence.close());
  stack.defer(hosts.listen((host, what) => what === "report" && silence.heard(host)));
  const telemetry = stack.use(openTelemetry(config, state, log));
  const retention = new RetentionKeeper(store, telemetry.store, log, now);
  stack.defer(() => retention.close());
  const releases = new ReleaseMarks(store, log, now);
  await releases.load();
  stack.defer(() => releases.close());
  stack.defer(hosts.listen((host, what) => what === "report" && releases.heard(host)));
  const clocks = new HostClocks(log, now);
  stack.defer(hosts.listen((host, what) => what === "report" && clocks.heard(host)));
  const totals = new TelemetryTotals(() => performance.now());
  const stored = { batches: 0, rows: 0 };
  const onStored = countStored(totals, stored);
  const dyeRules = new DyeRules(store, now);
  await dyeRules.load();

  const liveProcesses = new LiveProcesses(hosts, now);
  stack.defer(
    hosts.listen((host, what) => {
      if (what === "removed") for (const part of [clocks, dyeRules, liveProcesses]) part.forget(host.id);
    }),
  );

  const agents = await listenAgents(
    config.agent_listen.address,
    config.agent_listen.port,
    identity,
    createControlHandler({
      hosts,
      enrollment,
      feed,
      pushes,
      onZone: (host, zone) =>
        void hostRegistry
          .zoneReported(host, zone)
          .catch((error) => log.warn(`the zone of ${host.name} could not be written down`, { error })),
      storeTelemetry: createTelemetrySink(telemetry.store, log, {
        onStored,
        onLeftOut: (host, rows) => clocks.leftOut(host, rows),
      }),
      replaceRoutes: options.replaceRoutes ?? false,
      onNewer: (host, what, applied, ours) =>
        log.error(
          `agent of ${host.name} has ${what} of version ${applied}, the database ends at ${ours}: was it restored from a backup? ` +
            "Start the server once with --replace-routes to make agents take what it has",
        ),
    }),
    log,
    [
      { service: AgentDyeingService, handlers: createDyeingFeed(dyeRules, hosts) },
      { service: ReloadService, handlers: createReloadFeed(reloads, hosts) },
      { service: AgentProcessesService, handlers: createProcessesFeed(liveProcesses, hosts) },
    ],
    peersOf(config),
  );
  stack.defer(() => agents.close({ graceMs: 0 }));

  const alarms = stack.use(
    openAlarms({
      store,
      series: openAlarmSeries(telemetryAddress(config, state)),
      secrets: await openSecretBox(join(directory, "secrets.key")),
      readCluster: () => readCluster(store, hosts),
      notifyAllow: config.notify_allow,
      consoleUrl: config.console_url,
      log,
      now,
      elapsed: options.now ?? (() => performance.now()),
      times: options.alarmTimes ?? {},
    }),
  );

  const otlp = await openOtlp(config, storeBatches(telemetry.store, { onStored, log }), log);
  if (otlp !== undefined) stack.defer(() => otlp.close());

  const onlyMonitors = config.only === "monitoring";
  const sessions = new SessionStore(store, now);
  const told: ToldOfServer = onlyMonitors ? { version, monitoringOnly: reportingDoors(config, otlp) } : { version };
  const agentAddress = config.agent_address || formatAddress(agents.address, agents.port);
  const http = await listenHttp({
    address: config.listen.address,
    port: config.listen.port,
    allowedHosts: config.allowed_hosts,
    peers: peersOf(config),
    api: createApi({
      sessions,
      operatorKey,
      log,
      routes: (router) => {
        router.service(SessionService, createSessionHandler(sessions, new AttemptLimit(now), told));
        const reporters = new ReporterTree(telemetry.store, now);
        const listServices = () => (onlyMonitors ? reportedServices(reporters) : registry.listServices());
        const registryHandler = withRoutingEvents(
          createRegistryHandler({
            registry,
            feed,
            hosts,
            enrollment,
            silence,
            hostRegistry,
            agentEndpoint: { server: agentAddress, serverFingerprint: identity.fingerprint },
          }),
          store,
          now,
          (error) => log.warn("a routing switch is not on the time axis: its event could not be written", { error }),
        );
        router.service(
          RegistryService,
          onlyMonitors ? monitoringRegistry(registryHandler, reporters) : registryHandler,
        );
        const capacityHandler = createCapacityHandler({ operations, registry, feed, hosts, pushes, now });
        router.service(CapacityService, onlyMonitors ? monitoringCapacity(capacityHandler) : capacityHandler);
        router.service(ProcessesService, createProcessesHandler(liveProcesses));
        router.service(HealthService, createHealthHandler({ telemetry, hosts, clocks, now }));
        router.service(TelemetryService, createTelemetryHandler(telemetry.store));
        router.service(RequestService, createRequestHandler(telemetry.store, listServices));
        router.service(AlarmService, alarms.handler);
        router.service(
          MetricService,
          createMetricHandler({
            telemetry: telemetry.store,
            store,
            retention,
            dataDirectory: config.telemetry === "embedded" ? join(state, "telemetry") : undefined,
          }),
        );
        router.service(LogService, createLogHandler(telemetry.store.logs));
        router.service(DyeingService, createDyeingHandler(dyeRules, hosts, now));
      },
    }),
    files: createStaticFiles(config.console_files || consoleFiles),
    metrics: createMetricsPage({
      operatorKey,
      openToLoopback: config.metrics_loopback,
      families: () =>
        serverFamilies({
          ...{ totals, stored, hosts, store, log },
          leftOutRows: () => clocks.leftOutRows,
          isStoreFull: () => telemetry.full !== undefined,
          otlp: () => otlp?.counts,
        }),
    }),
    log,
  });
  stack.defer(() => http.close(graceMs));
  if (!isLoopback(config.listen.address)) {
    log.warn(
      `the console speaks plain HTTP on ${config.listen.address}: who is on the way can read sessions and the operator's key; ` +
        "better listen on 127.0.0.1 behind a proxy that speaks HTTPS",
    );
  }
  silence.start();
  await operations.resume();
  // Last, so that a port that is taken does not cost the start of a database engine.
  telemetry.start();
  alarms.start();
  retention.start();

  const opened = stack.move();
  const close = () => opened.disposeAsync();
  return {
    console: http.url,
    agents: formatAddress(agents.address, agents.port),
    otlp: { httpPort: otlp?.httpPort ?? 0, grpcPort: otlp?.grpcPort ?? 0 },
    replaced: replaced.promise,
    createSignInToken: async (name = "operator") => (await sessions.createSignInToken(personName(name))).token,
    tick: () => silence.tick(),
    judgeAlarms: () => alarms.runOnce(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openOtlp(config: ServerConfig, keep: KeepBatches, log: Log): Promise<OtlpDoors | undefined> {
  const { otlp_listen: http, otlp_grpc_listen: grpc, otlp_token_file: tokenFile } = config;
  if (http === "" && grpc === "") return undefined;
  return await listenOtlp({
    http: http || undefined,
    grpc: grpc || undefined,
    tokenFile,
    keep,
    log,
    peers: peersOf(config),
  });
}

/** What one address may have at each port. */
function peersOf(config: ServerConfig): Pick<PeerLimits, "sharedPeers" | "maxPerPeer"> {
  return { sharedPeers: config.shared_peers, maxPerPeer: config.connections_per_peer || undefined };
}

async function openDatabase(options: ServerOptions, onTaken: () => void): Promise<ServerStore> {
  const { config, log, state } = options;
  const url = config.database || `sqlite:${join(state, "server", "control.db")}`;
  try {
    const store = await openServerStore(url, (error) => log.warn("a database connection broke", { error }));
    try {
      await takeDatabase(store, options, onTaken);
      const steps = await store.migrate();
      if (steps.length > 0) {
        log.info(`database brought up to date: ${steps.join(", ")}`);
      }
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof StoreError ? new UserError(error.message, { cause: error }) : error;
  }
}

/** Routes and hosts are kept in memory: what a second server wrote would never reach the first one's agents. So one has the database at a time. */
async function takeDatabase(store: ServerStore, options: ServerOptions, onTaken: () => void): Promise<void> {
  const { config, log, signal, state } = options;
  let waiting = false;
  while (!(await takeOrFail(store, config.standby, onTaken))) {
    if (!config.standby) {
      throw new UserError("another msec server uses the same database", {
        hint: "stop that one, let this one wait for its turn (standby = true in [server] of msec.ini), or name another database there",
      });
    }
    if (!waiting) {
      assertHasKeys(join(state, "server"));
      log.info("another msec server has the database; this one waits and takes over when that one ends");
    }
    waiting = true;
    await delay(standbyCheckMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
  if (waiting) log.warn("the other msec server is gone: this one takes over");
}

/** Keys of its own would only show when it takes over: agents talk to none but the server that they enrolled with. */
function assertHasKeys(directory: string): void {
  const missing = keyFiles.filter((name) => !existsSync(join(directory, name)));
  if (missing.length > 0) {
    throw new UserError(`this standby has no ${missing.join(", no ")} in ${directory}`, {
      hint: `copy ${keyFiles.join(", ")} from <state>/server of the server that has the database, with their permissions`,
    });
  }
}

/** A database that is away for a moment does not end a standby: it is there for such moments. */
async function takeOrFail(store: ServerStore, standby: boolean, onTaken: () => void): Promise<boolean> {
  try {
    return await store.takeAlone(onTaken);
  } catch (error) {
    if (standby && findDatabaseFailure(error) === DatabaseFailure.Unavailable) return false;
    throw error;
  }
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || address.startsWith("127.");
}

function formatAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
