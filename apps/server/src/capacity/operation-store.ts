import { OperationState } from "@msec/api/console/v1/capacity_pb.js";
import type { ServerStore } from "../schema.ts";
import type { Operation } from "./operation.ts";

// For looking back; older ones are in nobody's way, but in the database's.
const operationsKept = 2_000;

/** Operations in the database. */
export class OperationStore {
  readonly #store: ServerStore;

  constructor(store: ServerStore) {
    this.#store = store;
  }

  /** Write a new one down; the oldest that have ended go when there are too many. */
  async add(operation: Operation): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      await transaction.insertInto("capacity_operation").values(rowOf(operation)).execute();
      const oldest = await transaction
        .selectFrom("capacity_operation")
        .select("started_ms")
        .orderBy("started_ms", "desc")
        .offset(operationsKept)
        .limit(1)
        .executeTakeFirst();
      if (oldest !== undefined) {
        await transaction
          .deleteFrom("capacity_operation")
          .where("started_ms", "<=", oldest.started_ms)
          .where("state", "!=", OperationState.RUNNING)
          .execute();
      }
    });
  }

  /** Write down how it is now. */
  async update(operation: Operation): Promise<void> {
    const { id, ...row } = rowOf(operation);
    await this.#store.db.updateTable("capacity_operation").set(row).where("id", "=", id).execute();
  }

  async find(id: string): Promise<Operation | undefined> {
    const row = await this.#store.db
      .selectFrom("capacity_operation")
      .select("body")
      .where("id", "=", id)
      .executeTakeFirst();
    return row === undefined ? undefined : (JSON.parse(row.body) as Operation);
  }

  /** Newest first. */
  async list(filter: { service: string; running: boolean; limit: number }): Promise<Operation[]> {
    let query = this.#store.db
      .selectFrom("capacity_operation")
      .select("body")
      .orderBy("started_ms", "desc")
      .orderBy("id")
      .limit(filter.limit);
    if (filter.running) query = query.where("state", "=", OperationState.RUNNING);
    if (filter.service !== "") query = query.where("services", "like", `% ${filter.service.replace(/[%_\\]/g, "_")} %`);
    return (await query.execute()).map((row) => JSON.parse(row.body) as Operation);
  }
}

function rowOf(operation: Operation) {
  const services = [...new Set(operation.instances.map(({ service }) => service))];
  return {
    id: operation.id,
    state: operation.state,
    started_ms: operation.startedMs,
    services: ` ${services.join(" ")} `,
    body: JSON.stringify(operation),
  };
}
