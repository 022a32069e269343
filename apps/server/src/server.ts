import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DyeingService as AgentDyeingService } from "@msec/api/agent/v1/dyeing_pb.js";
import { ProcessesService as AgentProcessesService } from "@msec/api/agent/v1/processes_pb.js";
import { ReloadService } from "@msec/api/agent/v1/reload_pb.js";
import { type KeepBatches, listenOtlp, type OtlpDoors } from "@msec/otlp/listen";
import { TelemetryTotals } from "@msec/otlp/prometheus";
import { type Log, lockDirectory } from "@msec/process";
import type { PeerLimits } from "@msec/rpc-node";
import { openAlarmSeries } from "@msec/telemetry-store/alarm-series";
import { Enrollment } from "./agents/enrollment.ts";
import { createControlHandler } from "./agents/handler.ts";
import { HostDirectory } from "./agents/host-directory.ts";
import { listenAgents } from "./agents/listener.ts";
import { createProcessesFeed, LiveProcesses } from "./agents/live-processes.ts";
import { PushOrders } from "./agents/push-orders.ts";
import { createReloadFeed, ReloadOrders } from "./agents/reload-orders.ts";
import { openServerIdentity } from "./agents/server-identity.ts";
import { type AlarmTimes, openAlarms } from "./alarms/alarms.ts";
import { readCluster } from "./alarms/evaluate/cluster.ts";
import { openSecretBox } from "./alarms/notify/secret-box.ts";
import { OperationStore } from "./capacity/operation-store.ts";
import { Operations } from "./capacity/operations.ts";
import type { ServerConfig } from "./config/server-config.ts";
import { consoleServices } from "./console-services.ts";
import { createDyeingFeed } from "./dyeing/agent-feed.ts";
import { DyeRules } from "./dyeing/rules.ts";
import { createApi } from "./http/api.ts";
import { listenHttp } from "./http/listener.ts";
import { createStaticFiles } from "./http/static-files.ts";
import { openDatabase } from "./open-database.ts";
import { reportingDoors } from "./otlp/monitoring-only.ts";
import { storeBatches } from "./otlp/store-batches.ts";
import { createMetricsPage } from "./prometheus/serve-metrics.ts";
import { countStored, serverFamilies } from "./prometheus/server-families.ts";
import { RegistryFeed } from "./registry/control-feed.ts";
import { HostRegistry } from "./registry/host-registry.ts";
import { SilenceWatch } from "./registry/silence-watch.ts";
import { moveInstances, RegistryStore } from "./registry/store.ts";
import type { ToldOfServer } from "./session/handler.ts";
import { openOperatorKey } from "./session/operator-key.ts";
import { personName } from "./session/person-name.ts";
import { SessionStore } from "./session/store.ts";
import { HostClocks } from "./telemetry/host-clocks.ts";
import { ReleaseMarks } from "./telemetry/release-marks.ts";
import { RetentionKeeper } from "./telemetry/retention-keeper.ts";
import { createTelemetrySink } from "./telemetry/sink.ts";
import { openTelemetry, telemetryAddress } from "./telemetry/telemetry.ts";
import { version } from "./version.ts";

const graceMs = 5_000;
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
      routes: consoleServices({
        ...{ sessions, told, store, registry, feed, hosts, enrollment, silence, hostRegistry, operations, pushes },
        ...{ liveProcesses, telemetry, retention, clocks, alarms, dyeRules, log, now, onlyMonitors },
        agentEndpoint: { server: agentAddress, serverFingerprint: identity.fingerprint },
        dataDirectory: config.telemetry === "embedded" ? join(state, "telemetry") : undefined,
      }),
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

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || address.startsWith("127.");
}

function formatAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
