import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
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
import i18next from "i18next";
import { createContext, useContext } from "react";
import { clockInterceptor } from "./server-clock.ts";

/** The server's services as the console calls them. */
export interface Api {
  readonly session: Client<typeof SessionService>;
  readonly registry: Client<typeof RegistryService>;
  readonly capacity: Client<typeof CapacityService>;
  readonly processes: Client<typeof ProcessesService>;
  readonly health: Client<typeof HealthService>;
  readonly telemetry: Client<typeof TelemetryService>;
  readonly request: Client<typeof RequestService>;
  readonly log: Client<typeof LogService>;
  readonly dyeing: Client<typeof DyeingService>;
  readonly alarm: Client<typeof AlarmService>;
  readonly metric: Client<typeof MetricService>;
}

/**
 * The transport to the server that this page came from. A call that takes longer than ten seconds has failed. Binary: a page of curves is a
 * hundred thousand numbers.
 */
export function createServerTransport(): Transport {
  return createConnectTransport({
    baseUrl: "/api",
    interceptors: [clockInterceptor, languageInterceptor],
    defaultTimeoutMs: 10_000,
    useBinaryFormat: true,
  });
}

// The page's language, which need not be the browser's: in it the server says what is wrong.
const languageInterceptor: Interceptor = (next) => (request) => {
  request.header.set("accept-language", i18next.language ?? "en");
  return next(request);
};

/** The services over one transport. */
export function createApi(transport: Transport): Api {
  return {
    session: createClient(SessionService, transport),
    registry: createClient(RegistryService, transport),
    capacity: createClient(CapacityService, transport),
    processes: createClient(ProcessesService, transport),
    health: createClient(HealthService, transport),
    telemetry: createClient(TelemetryService, transport),
    request: createClient(RequestService, transport),
    log: createClient(LogService, transport),
    dyeing: createClient(DyeingService, transport),
    alarm: createClient(AlarmService, transport),
    metric: createClient(MetricService, transport),
  };
}

/** Gives the services to the components below. */
export const ApiContext = createContext<Api | undefined>(undefined);

/** The services; throws outside `ApiContext`. */
export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === undefined) throw new Error("useApi() needs an ApiContext above it");
  return api;
}
