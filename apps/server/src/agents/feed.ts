import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RouteTableSchema } from "@msec/api/agent/v1/common_pb.js";
import type { AssignmentSchema, RouteDeltaSchema } from "@msec/api/agent/v1/control_pb.js";

/** What changed since the version that an agent has applied. */
export interface RouteChanges {
  /** The highest version there is. */
  readonly version: number;
  /** Tables whose version is higher than the applied one; with `deltas`, empty where nothing changed. */
  readonly tables: readonly MessageInitShape<typeof RouteTableSchema>[];
  /** The same for tables that changed a little. */
  readonly deltas: readonly MessageInitShape<typeof RouteDeltaSchema>[];
  /** Over all tables at `version`, see `routeTableDigest`. */
  readonly digest: bigint;
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
  /** The highest version of any route table. */
  readonly routeVersion: number;
  /** Over all tables as they are now. */
  readonly routeDigest: bigint;
  /** Read what is newer in the database and wake who waits for it. */
  refresh(): Promise<void>;
  /**
   * Tables that are newer than `applied`; all of them for 0.
   *
   * @param deltas  whether the agent takes differences; costs what changed, not what there is
   */
  routesSince(applied: number, deltas: boolean): RouteChanges;
  /**
   * Since when there has been a version higher than `applied`, milliseconds since 1970 UTC; 0 where there is none.
   * After a restart of the server: since the restart.
   */
  newerSinceMs(applied: number): number;
  /** Wait until a route table changes; see `Waiters.wait`. */
  waitForRoutes(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  assignmentOf(hostId: string): HostAssignment;
  /** Wait until the assignment of a host changes; see `Waiters.wait`. */
  waitForAssignment(hostId: string, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** Wake everybody who waits for something, as if it had changed: an operator has ordered something else to be sent. */
  wakeAll(): void;
}
