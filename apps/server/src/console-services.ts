import type { ConnectRouter } from "@connectrpc/connect";
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
import type { Log } from "@msec/process";
import { createProcessesHandler, type LiveProcesses } from "./agents/live-processes.ts";
import type { Alarms } from "./alarms/alarms.ts";
import { type CapacityParts, createCapacityHandler } from "./capacity/handler.ts";
import { createDyeingHandler } from "./dyeing/handler.ts";
import type { DyeRules } from "./dyeing/rules.ts";
import { createHealthHandler } from "./health/handler.ts";
import { createLogHandler } from "./logs/handler.ts";
import { monitoringCapacity, monitoringRegistry, reportedServices } from "./otlp/monitoring-only.ts";
import { ReporterTree } from "./otlp/reporter-tree.ts";
import { createRegistryHandler, type RegistryParts } from "./registry/handler.ts";
import { createRequestHandler } from "./requests/handler.ts";
import type { ServerStore } from "./schema.ts";
import { AttemptLimit } from "./session/attempt-limit.ts";
import { createSessionHandler, type ToldOfServer } from "./session/handler.ts";
import type { SessionStore } from "./session/store.ts";
import { createTelemetryHandler } from "./telemetry/handler.ts";
import type { HostClocks } from "./telemetry/host-clocks.ts";
import { createMetricHandler } from "./telemetry/metrics.ts";
import { withRoutingEvents } from "./telemetry/metrics-events.ts";
import type { RetentionKeeper } from "./telemetry/retention-keeper.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** The parts of the server that its API for console and CLI stands on. */
export interface ConsoleParts extends RegistryParts, CapacityParts {
  readonly store: ServerStore;
  readonly sessions: SessionStore;
  readonly told: ToldOfServer;
  readonly liveProcesses: LiveProcesses;
  readonly telemetry: Telemetry;
  readonly retention: RetentionKeeper;
  /** Where the embedded telemetry store has its data; `undefined` where it is another server. */
  readonly dataDirectory: string | undefined;
  readonly clocks: HostClocks;
  readonly alarms: Pick<Alarms, "handler">;
  readonly dyeRules: DyeRules;
  readonly log: Log;
  /** Whether this server is the monitoring part alone: what reports are its services, and there is no capacity to change. */
  readonly onlyMonitors: boolean;
}

/** The services of `msec.console.v1`, all of them. */
export function consoleServices(parts: ConsoleParts): (router: ConnectRouter) => void {
  const { store, sessions, told, registry, hosts, liveProcesses, telemetry, retention, clocks } = parts;
  const { alarms, dyeRules, dataDirectory, log, now, onlyMonitors } = parts;
  const reporters = new ReporterTree(telemetry.store, now);
  const listServices = () => (onlyMonitors ? reportedServices(reporters) : registry.listServices());
  const registryHandler = withRoutingEvents(createRegistryHandler(parts), store, now, (error) =>
    log.warn("a routing switch is not on the time axis: its event could not be written", { error }),
  );
  const capacityHandler = createCapacityHandler(parts);
  return (router) => {
    router.service(SessionService, createSessionHandler(sessions, new AttemptLimit(now), told));
    router.service(RegistryService, onlyMonitors ? monitoringRegistry(registryHandler, reporters) : registryHandler);
    router.service(CapacityService, onlyMonitors ? monitoringCapacity(capacityHandler) : capacityHandler);
    router.service(ProcessesService, createProcessesHandler(liveProcesses));
    router.service(HealthService, createHealthHandler({ telemetry, hosts, clocks, now }));
    router.service(TelemetryService, createTelemetryHandler(telemetry.store));
    router.service(RequestService, createRequestHandler(telemetry.store, listServices));
    router.service(AlarmService, alarms.handler);
    router.service(MetricService, createMetricHandler({ telemetry: telemetry.store, store, retention, dataDirectory }));
    router.service(LogService, createLogHandler(telemetry.store.logs));
    router.service(DyeingService, createDyeingHandler(dyeRules, hosts, now));
  };
}
