import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RouteDeltaSchema } from "@msec/api/agent/v1/control_pb.js";
import { type RouteTableFields, routeDelta, routeTableDigest } from "@msec/api/routes";

/** One version of one service's table. */
export interface VersionedTable {
  readonly version: number;
  readonly table: RouteTableFields;
  readonly digest: bigint;
}

// An agent that is further behind than this gets the whole table: it missed this many changes of one service.
const versionsKept = 16;

/** The versions of one service's table that agents may still have, and the differences between them and the newest. */
export class RouteHistory {
  readonly #earlier: VersionedTable[] = [];
  readonly #deltas = new Map<number, MessageInitShape<typeof RouteDeltaSchema> | undefined>();
  #newest: VersionedTable;

  constructor(version: number, table: RouteTableFields) {
    this.#newest = { version, table, digest: routeTableDigest(table) };
  }

  get newest(): VersionedTable {
    return this.#newest;
  }

  /** A newer version. */
  push(version: number, table: RouteTableFields): void {
    this.#earlier.push(this.#newest);
    if (this.#earlier.length > versionsKept) this.#earlier.shift();
    this.#newest = { version, table, digest: routeTableDigest(table) };
    this.#deltas.clear();
  }

  /**
   * What leads from the version that somebody has to the newest; made once for all who have the same.
   *
   * @param applied  the highest version of any table that they have applied
   * @returns `undefined` where it is not known, or longer than the table
   */
  deltaSince(applied: number): MessageInitShape<typeof RouteDeltaSchema> | undefined {
    const from = this.#earlier.findLast(({ version }) => version <= applied);
    if (from === undefined) return undefined;
    if (!this.#deltas.has(from.version)) {
      this.#deltas.set(from.version, routeDelta(from.table, this.#newest.table));
    }
    return this.#deltas.get(from.version);
  }
}
