import type { ControlService, ReportTelemetryRequest } from "@msec/api/agent/v1/control_pb.js";
import { type CallContext, Code, RpcError, type ServiceImplementation } from "@msec/rpc";
import { normalizeAddress } from "../registry/endpoint.ts";
import type { Enrollment } from "./enrollment.ts";
import type { ControlFeed } from "./feed.ts";
import type { HostDirectory, HostState } from "./host-directory.ts";
import { assertHostName } from "./host-name.ts";

const maxWaitMs = 60_000;
const maxProcesses = 10_000;
// Twice the largest procnum, as during a reload, and some that have just been replaced.
const maxWorkers = 4_096;
const maxEnvelopes = 10_000;

/** Stores what agents hand over; rejects with an `RpcError` what cannot be stored now. */
export type StoreTelemetry = (host: HostState, request: ReportTelemetryRequest) => Promise<void>;

/** What the agents' methods work on. */
export interface ControlParts {
  readonly hosts: HostDirectory;
  readonly enrollment: Enrollment;
  readonly feed: ControlFeed;
  readonly storeTelemetry: StoreTelemetry;
  /**
   * Whether agents whose tables are newer than ours are to take ours all the same: an operator has restored the database
   * from a backup and says so.
   */
  readonly replaceRoutes: boolean;
  /** Called where an agent has newer tables than ours and no operator has said so. */
  readonly onNewerRoutes: (host: HostState, applied: number, ours: number) => void;
}

/** `msec.agent.v1.ControlService`. The host of a call is the one whose certificate the connection has. */
export function createControlHandler(parts: ControlParts): ServiceImplementation<typeof ControlService> {
  const { hosts, feed } = parts;
  return {
    async enroll({ token, hostName, address }, context) {
      const fingerprint = getFingerprint(context);
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

    async watchRoutes({ appliedVersion, waitMs }, context) {
      const host = getHost(hosts, context);
      const applied = Number(appliedVersion);
      hosts.acknowledged(host.id, { routeVersion: applied });
      if (applied > feed.routesSince(applied).version) {
        const all = feed.routesSince(0);
        if (parts.replaceRoutes) {
          return { version: BigInt(all.version), tables: all.tables, replaceAll: true };
        }
        parts.onNewerRoutes(host, applied, all.version);
      }
      const find = () => {
        const changes = feed.routesSince(applied);
        return changes.tables.length === 0 ? undefined : changes;
      };
      const wait = (timeoutMs: number) => feed.waitForRoutes(timeoutMs, context.signal);
      const changes = await untilFound(find, wait, waitMs);
      noteIfGone(hosts, host, context);
      const { version, tables } = changes ?? feed.routesSince(applied);
      return { version: BigInt(version), tables };
    },

    async watchAssignment({ appliedVersion, waitMs }, context) {
      const host = getHost(hosts, context);
      const applied = Number(appliedVersion);
      hosts.acknowledged(host.id, { assignmentVersion: applied });
      const find = () => {
        const assignment = feed.assignmentOf(host.id);
        return assignment.version > applied ? assignment : undefined;
      };
      const wait = (timeoutMs: number) => feed.waitForAssignments(timeoutMs, context.signal);
      await untilFound(find, wait, waitMs);
      noteIfGone(hosts, host, context);
      const { version, assignments } = feed.assignmentOf(host.id);
      return { version: BigInt(version), assignments };
    },

    reportHost(report, context) {
      const host = getHost(hosts, context);
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
      return {};
    },

    async reportTelemetry(request, context) {
      const host = getHost(hosts, context);
      if (request.envelopes.length > maxEnvelopes) {
        throw new RpcError(
          Code.InvalidArgument,
          `envelopes has ${request.envelopes.length} elements, expected at most ${maxEnvelopes}`,
        );
      }
      await parts.storeTelemetry(host, request);
      return {};
    },
  };
}

function getFingerprint(context: CallContext): string {
  if (context.peerCertificate === undefined) {
    throw new RpcError(Code.Unauthenticated, "the agent presented no certificate on its TLS connection");
  }
  return context.peerCertificate;
}

function getHost(hosts: HostDirectory, context: CallContext): HostState {
  const host = hosts.findByFingerprint(getFingerprint(context));
  if (host === undefined) {
    throw new RpcError(Code.Unauthenticated, "this agent's certificate belongs to no enrolled host; enrol it again");
  }
  return host;
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

function noteIfGone(hosts: HostDirectory, host: HostState, context: CallContext): void {
  if (context.signal.aborted && context.remainingMs() > 0) {
    hosts.gone(host.id);
  }
}
