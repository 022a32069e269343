import { Code, RpcError } from "@msec/rpc";
import type { z } from "zod";
import type { LocalServiceParts } from "../local/local-service.ts";
import type { SharedFindings } from "../sharing/shared-findings.ts";
import { listenOf } from "../supervisor/instance-launch.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { type OperationName, operations, type RequestOf, requests } from "./operations.ts";
import type { ReportDesk, Reporter } from "./report-desk.ts";
import type { RouteDesk } from "./route-desk.ts";
import { servicesView, tableView, transportName } from "./table-view.ts";

/** What the local API stands on. */
export interface LocalApiParts extends Pick<LocalServiceParts, "tables" | "instances" | "status"> {
  readonly shared: SharedFindings;
  readonly routes: RouteDesk;
  readonly reports: ReportDesk;
  readonly config: ConfigDesk;
}

/** Answers a request of the local API, whatever it came by. */
export type LocalApi = (method: string, path: string, input: unknown) => object;

type Handlers = { readonly [Name in OperationName]: (request: RequestOf<Name>) => object };

/**
 * The local API: finds the operation, checks the request and answers it.
 *
 * @returns a function that throws RpcError: NotFound or Unimplemented where there is no such operation, InvalidArgument naming the field, what the operation throws
 */
export function localApi(parts: LocalApiParts): LocalApi {
  const handlers = handlersOf(parts);
  return (method, path, input) => {
    const name = operations[`${method} ${path}`];
    if (name === undefined || !Object.hasOwn(operations, `${method} ${path}`)) throw noOperation(method, path);
    const parsed = requests[name].safeParse(input);
    if (!parsed.success) throw new RpcError(Code.InvalidArgument, describe(parsed.error));
    return (handlers[name] as (request: unknown) => object)(parsed.data);
  };
}

function handlersOf({ tables, instances, status, shared, routes, reports, config }: LocalApiParts): Handlers {
  const reporterOf = ({ service, instanceId }: { service: string; instanceId?: string | undefined }): Reporter => {
    if (instanceId === undefined) return { service, instance: "local-api" };
    const found = instances.find(instanceId);
    if (found?.assignment.service === service) return { service, instance: listenOf(found.assignment) || instanceId };
    throw new RpcError(Code.PermissionDenied, `this agent runs no instance ${instanceId} of ${service}`);
  };
  return {
    getroute({ service, key }) {
      const { handle, route } = routes.lend(service, key);
      const { instanceId, address, port, transport } = route;
      return { handle, service, instanceId, address, port, transport: transportName(transport) };
    },
    updateroute({ handle, ...outcome }) {
      routes.report(handle, outcome);
      return {};
    },
    report(request) {
      reports.samples(reporterOf(request), request.samples);
      return { taken: request.samples.length };
    },
    log(request) {
      const taken = reports.lines(reporterOf(request), request.lines);
      return { taken, belowLevel: request.lines.length - taken };
    },
    config({ service, section, key }) {
      if (section !== undefined && key !== undefined) return { value: config.value(service, section, key) };
      return config.sections(service);
    },
    table({ service }) {
      const { table, instances: explained } = routes.explain(service);
      return tableView(table, explained, shared.callersOf(service));
    },
    services: () => ({ services: servicesView(tables.all()) }),
    status() {
      const { hostId, hostName, connected, routeVersion } = status();
      return { api: "v1", hostId, hostName, connected, routeVersion: Number(routeVersion) };
    },
  };
}

function noOperation(method: string, path: string): RpcError {
  const others = Object.keys(operations).filter((operation) => operation.endsWith(` ${path}`));
  if (others.length > 0)
    return new RpcError(Code.Unimplemented, `${method} is not for ${path}; ask ${others.join(", ")}`);
  return new RpcError(
    Code.NotFound,
    `there is no ${path.slice(0, 100)}; there are ${Object.keys(operations).join(", ")}`,
  );
}

function describe(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  const where = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `${where === "" ? "the request" : where.slice(1)}: ${message}`;
}
