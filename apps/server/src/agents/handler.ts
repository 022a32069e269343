import type { ControlService, ReportTelemetryRequest } from "@msec/api/agent/v1/control_pb.js";
import { type CallContext, Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { normalizeAddress } from "../registry/endpoint.ts";
import { callingFingerprint, callingHost } from "./calling-host.ts";
import type { Enrollment } from "./enrollment.ts";
import type { ControlFeed } from "./feed.ts";
import { gatherMs } from "./gather-time.ts";
import type { HostDirectory, HostState } from "./host-directory.ts";
import { assertHostName } from "./host-name.ts";
import { assertZone } from "./host-zone.ts";
import type { PushOrders } from "./push-orders.ts";

const maxWaitMs = 60_000;
const maxProcesses = 10_000;
// Twice the largest procnum, as during a reload, and some that have just been replaced.
const maxWorkers = 4_096;
const maxEnvelopes = 10_000;
const maxRefused = 20;

/** Stores what agents hand over; rejects with an `RpcError` what cannot be stored now. */
export type StoreTelemetry = (host: HostState, request: ReportTelemetryRequest) => Promise<void>;

/** What the agents' methods work on. */
export interface ControlParts {
  readonly hosts: HostDirectory;
  readonly enrollment: Enrollment;
  readonly feed: ControlFeed;
  readonly pushes: PushOrders;
  /** Called where an agent says that its host is in another zone than we know. */
  readonly onZone: (host: HostState, zone: string) => void;
  readonly storeTelemetry: StoreTelemetry;
  /**
   * Whether agents whose tables are newer than ours are to take ours all the same: an operator has restored the database
   * from a backup and says so.
   */
  readonly replaceRoutes: boolean;
  /** Called where an agent has newer tables, or a newer assignment, than ours and no operator has said so. */
  readonly onNewer: (host: HostState, what: "routes" | "an assignment", applied: number, ours: number) => void;
}

/** `msec.agent.v1.ControlService`. The host of a call is the one whose certificate the connection has. */
export function createControlHandler(parts: ControlParts): ServiceImplementation<typeof ControlService> {
  const { hosts, feed, pushes } = parts;
  return {
    async enroll({ token, hostName, address }, context) {
      const fingerprint = callingFingerprint(context);
      assertHostName(hostName);
      const enrolling = {
        token: token.slice(0, 256),
        name: hostName,
        address: normalizeAddress(address, "address"),
        fingerprint,
      };
      const hostId = await parts.enrollment.enroll(enrolling);
      await hosts.load();
      // A host that was set up anew has taken over instances, and routes name the host.
      await feed.refresh();
      return { hostId };
    },

    async watchRoutes({ appliedVersion, waitMs, acceptsDeltas }, context) {
      const host = callingHost(hosts, context);
      const applied = Number(appliedVersion);
      hosts.acknowledged(host.id, { routeVersion: applied });
      const isNewer = applied > feed.routeVersion;
      if (isNewer && !parts.replaceRoutes) parts.onNewer(host, "routes", applied, feed.routeVersion);
      const isOrdered = () => (isNewer && parts.replaceRoutes) || pushes.hasRoutes(host.id);
      const find = () => {
        if (isOrdered()) return feed.routesSince(0, false);
        const changes = feed.routesSince(applied, acceptsDeltas);
        return changes.tables.length + changes.deltas.length === 0 ? undefined : changes;
      };
      const wait = (timeoutMs: number) => feed.waitForRoutes(timeoutMs, context.signal);
      const found = await untilFound(find, wait, waitMs);
      if (noteIfGone(hosts, host, context)) return {};
      const { version, tables, deltas, digest } = found ?? feed.routesSince(applied, acceptsDeltas);
      const replaceAll = found !== undefined && isOrdered();
      pushes.takeRoutes(host.id);
      return { version: BigInt(version), tables, deltas, digest, replaceAll };
    },

    reportRoutes(request, context) {
      const host = callingHost(hosts, context);
      if (request.refused.length > maxRefused) {
        throw new RpcError(
          Code.InvalidArgument,
          `refused has ${request.refused.length} elements, expected at most ${maxRefused}`,
        );
      }
      const refused = request.refused.map(({ service, version, reason, ...rest }) => ({
        ...rest,
        service: service.slice(0, 80),
        version,
        reason: reason.slice(0, 300),
      }));
      hosts.routesReported(host.id, { ...request, refused });
      return {};
    },

    async watchAssignment({ appliedVersion, waitMs }, context) {
      const host = callingHost(hosts, context);
      const applied = Number(appliedVersion);
      hosts.acknowledged(host.id, { assignmentVersion: applied });
      const isNewer = applied > feed.assignmentOf(host.id).version;
      if (isNewer && !parts.replaceRoutes) {
        parts.onNewer(host, "an assignment", applied, feed.assignmentOf(host.id).version);
      }
      const isOrdered = () => (isNewer && parts.replaceRoutes) || pushes.hasAssignment(host.id);
      const find = () => {
        const assignment = feed.assignmentOf(host.id);
        return assignment.version > applied || isOrdered() ? assignment : undefined;
      };
      const wait = (timeoutMs: number) => feed.waitForAssignment(host.id, timeoutMs, context.signal);
      await untilFound(find, wait, waitMs);
      if (noteIfGone(hosts, host, context)) return {};
      const { version, assignments } = feed.assignmentOf(host.id);
      const replaceAll = isOrdered();
      pushes.takeAssignment(host.id);
      return { version: BigInt(version), assignments, replaceAll };
    },

    reportHost(report, context) {
      const host = callingHost(hosts, context);
      assertZone(report.zone);
      if (report.processes.length > maxProcesses) {
        throw new RpcError(
          Code.InvalidArgument,
          `processes has ${report.processes.length} elements, expected at most ${maxProcesses}`,
        );
      }
      const many = report.processes.find(({ workers }) => workers.length > maxWorkers);
      if (many !== undefined) {
        throw new RpcError(
          Code.InvalidArgument,
          `workers of ${many.name.slice(0, 80)} has ${many.workers.length} elements, expected at most ${maxWorkers}`,
        );
      }
      hosts.reported(host.id, report);
      if (report.zone !== "" && report.zone !== host.zone) parts.onZone(host, report.zone);
      return { zone: report.zone || host.zone };
    },

    async reportTelemetry(request, context) {
      const host = callingHost(hosts, context);
      if (request.envelopes.length > maxEnvelopes) {
        throw new RpcError(
          Code.InvalidArgument,
          `envelopes has ${request.envelopes.length} elements, expected at most ${maxEnvelopes}`,
        );
      }
      await parts.storeTelemetry(host, request);
      return { gatherMs: gatherMs(hosts.size) };
    },
  };
}

/** Wait until there is something, at most `waitMs`; what wakes us may have been about others. */
async function untilFound<Found>(
  find: () => Found | undefined,
  wait: (timeoutMs: number) => Promise<boolean>,
  waitMs: number,
): Promise<Found | undefined> {
  const deadline = performance.now() + Math.min(waitMs, maxWaitMs);
  for (;;) {
    const found = find();
    if (found !== undefined || !(await wait(deadline - performance.now()))) {
      return found;
    }
  }
}

/** @returns whether nobody is there any more to hear the answer: an order must not be counted as carried out then */
function noteIfGone(hosts: HostDirectory, host: HostState, context: CallContext): boolean {
  if (context.signal.aborted && context.remainingMs() > 0) {
    hosts.gone(host.id);
  }
  return context.signal.aborted;
}
