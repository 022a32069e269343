import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import type { AssignmentSchema } from "@msec/api/agent/v1/control_pb.js";

/** What changed since the version that an agent has applied. */
export interface RouteChanges {
  /** The highest version there is. */
  readonly version: number;
  /** Tables whose version is higher than the applied one; empty where nothing changed. */
  readonly tables: readonly MessageInitShape<typeof RouteTableSchema>[];
}

/** What one host is to run. */
export interface HostAssignment {
  /** 0 where the host never had an instance. */
  readonly version: number;
  readonly assignments: readonly MessageInitShape<typeof AssignmentSchema>[];
}

/**
 * What agents ask for, kept in memory by who owns it (the registry), so that neither a question nor a wait reads the
 * database.
 */
export interface ControlFeed {
  /** Read what is newer in the database and wake who waits for it. */
  refresh(): Promise<void>;
  /** Tables that are newer than `applied`; all of them for 0. */
  routesSince(applied: number): RouteChanges;
  /** Wait until a route table changes; see `Waiters.wait`. */
  waitForRoutes(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  assignmentOf(hostId: string): HostAssignment;
  /** Wait until the assignment of any host changes; see `Waiters.wait`. */
  waitForAssignments(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
}
