import { create, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "@msec/api/agent/v1/control_pb.js";
import type {
  GetStatusResponseSchema,
  LocalService,
  RegisterRequest,
  WatchRoutesRequest,
  WatchRoutesResponseSchema,
} from "@msec/api/agent/v1/local_pb.js";
import { isServiceName } from "@msec/api/service-name";
import { type Log, readProcess } from "@msec/process";
import { type CallContext, Code, type MessageFields, RpcError, type ServiceImplementation } from "@msec/rpc";
import type { RouteTables } from "../routes/route-tables.ts";
import type { RouteUsers } from "../routes/route-users.ts";
import type { SpanRates } from "../spans/span-rates.ts";
import type { Spool } from "../spool/spool.ts";
import { spoolRefusal } from "../spool/spool-refusal.ts";
import type { InstanceSet } from "../supervisor/instance-set.ts";
import type { LocalConnection, LocalConnections, Registration } from "./registrations.ts";

/** The parts of the agent that its local service stands on. */
export interface LocalServiceParts {
  readonly tables: RouteTables;
  readonly instances: InstanceSet;
  readonly spool: Pick<Spool, "append">;
  readonly spanRates: SpanRates;
  readonly log: Log;
  /** Who this host is; empty until it is enrolled. */
  readonly host: () => { readonly hostId: string; readonly hostName: string };
  readonly status: () => StatusFields;
  /** Told which versions processes use. */
  readonly users: RouteUsers;
  /** Hears that an instance said how many calls it serves. */
  readonly onLoad: (instanceId: string) => void;
}

/** An answer of GetStatus: any object that has its fields. */
export type StatusFields = MessageFields<typeof GetStatusResponseSchema>;

/** The largest batch, bytes; see local.proto. */
export const BATCH_MAX_BYTES = 1024 * 1024;
const WAIT_MAX_MS = 60_000;
const POLLS_MAX = 4;

/** What the agent offers to the processes of its host; see local.proto. */
export function localService(
  parts: LocalServiceParts,
  connections: LocalConnections,
): ServiceImplementation<typeof LocalService> {
  const connectionOf = (context: CallContext): LocalConnection => connections.of(context.connection);
  return {
    register(request, context) {
      const connection = connectionOf(context);
      const registration = checkRegistration(request, parts.instances);
      const earlier = connection.registration;
      if (earlier !== undefined && !isSame(earlier, registration)) {
        throw new RpcError(
          Code.FailedPrecondition,
          `this connection is ${earlier.service} ${earlier.instance} already; open another to be somebody else`,
        );
      }
      connection.registration = registration;
      parts.log.debug("registered", { ...registration });
      return parts.host();
    },
    watchRoutes: (request, context) => watchRoutes(parts, connectionOf(context), request, context.signal),
    report(request, context) {
      const connection = connectionOf(context);
      const { registration } = connection;
      if (registration === undefined) {
        throw new RpcError(Code.FailedPrecondition, "Register first: a report belongs to whoever its connection is");
      }
      const { batch, callsPerSecond } = request;
      if (batch.length === 0 || batch.length > BATCH_MAX_BYTES) {
        throw new RpcError(Code.InvalidArgument, `batch has ${batch.length} bytes; expected 1…${BATCH_MAX_BYTES}`);
      }
      if (!connection.reportedBytes.take(performance.now(), batch.length)) {
        throw new RpcError(Code.ResourceExhausted, "this connection reports more than 4 MiB a second; report later");
      }
      const { service, instance } = registration;
      try {
        const release = parts.instances.find(registration.instanceId)?.release ?? "";
        parts.spool.append(toBinary(EnvelopeSchema, create(EnvelopeSchema, { service, instance, batch, release })));
      } catch (cause) {
        throw spoolRefusal(parts.log, cause);
      }
      return parts.spanRates.reported(connection, callsPerSecond);
    },
    getStatus: () => parts.status(),
  };
}

/** Whoever the request says it is, checked against what this agent started. @throws RpcError InvalidArgument, PermissionDenied */
function checkRegistration(request: RegisterRequest, instances: InstanceSet): Registration {
  const { service, listen, pid, instanceId, methods } = request;
  if (!isServiceName(service)) {
    throw new RpcError(Code.InvalidArgument, `service ${JSON.stringify(service.slice(0, 80))} is not L1.L2`);
  }
  if (listen.length > 300) throw new RpcError(Code.InvalidArgument, "listen has more than 300 characters");
  if (methods.length > 10_000) throw new RpcError(Code.InvalidArgument, "methods has more than 10000 names");
  if (pid === 0 || readProcess(pid) === undefined) {
    throw new RpcError(Code.InvalidArgument, `pid ${pid} is no process of this host`);
  }
  const registration = { service, instance: listen === "" ? `pid:${pid}` : listen, pid, instanceId };
  if (instanceId === "") return registration;
  const instance = instances.find(instanceId);
  if (instance === undefined || instance.assignment.service !== service) {
    throw new RpcError(Code.PermissionDenied, `this agent runs no instance ${instanceId.slice(0, 80)} of ${service}`);
  }
  if (listen !== instance.listen) {
    throw new RpcError(
      Code.InvalidArgument,
      `listen is ${JSON.stringify(listen)}; this instance is assigned ${JSON.stringify(instance.listen)} (MSEC_ADDRESS, MSEC_PORT)`,
    );
  }
  if (!instance.register(pid)) {
    throw new RpcError(Code.PermissionDenied, `process ${pid} is not the one that this agent started as ${instanceId}`);
  }
  return registration;
}

async function watchRoutes(
  { tables, users }: Pick<LocalServiceParts, "tables" | "users">,
  connection: LocalConnection,
  request: WatchRoutesRequest,
  signal: AbortSignal,
): Promise<MessageFields<typeof WatchRoutesResponseSchema>> {
  const { appliedVersion, waitMs } = request;
  if (waitMs > WAIT_MAX_MS) throw new RpcError(Code.InvalidArgument, `wait_ms ${waitMs} must be 0…${WAIT_MAX_MS}`);
  if (connection.polls >= POLLS_MAX) {
    throw new RpcError(Code.ResourceExhausted, `${POLLS_MAX} polls of this connection wait already`);
  }
  const { registration } = connection;
  // What it names counts in the tables of its last answer.
  const isOfNow = connection.generation === undefined || connection.generation === tables.generation;
  if (registration !== undefined) {
    users.asks(connection, registration.pid, isOfNow ? appliedVersion : 0n, tables.generation);
  }
  if (waitMs > 0 && !hasNews(tables, connection, appliedVersion)) {
    connection.polls++;
    try {
      await tables.untilChanged(AbortSignal.any([signal, AbortSignal.timeout(waitMs)]));
    } finally {
      connection.polls--;
    }
  }
  users.answered(connection, signal.aborted);
  // After an operator's `replaceAll` a version that was applied before says nothing: all of them again.
  const replaced = connection.generation !== undefined && connection.generation !== tables.generation;
  connection.generation = tables.generation;
  const all = replaced || appliedVersion > tables.version;
  const { version, zone, known } = tables;
  return { tables: tables.after(all ? 0n : appliedVersion), version, zone, unknown: !known };
}

function hasNews(tables: RouteTables, connection: LocalConnection, appliedVersion: bigint): boolean {
  if (!tables.known) return false;
  if (connection.generation !== undefined && connection.generation !== tables.generation) return true;
  return appliedVersion !== tables.version || (appliedVersion === 0n && tables.size > 0);
}

function isSame(a: Registration, b: Registration): boolean {
  return a.service === b.service && a.instance === b.instance && a.pid === b.pid && a.instanceId === b.instanceId;
}
