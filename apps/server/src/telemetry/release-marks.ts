import type { Process } from "@msec/api/agent/v1/common_pb.js";
import { EventKind } from "@msec/api/console/v1/metrics_pb.js";
import type { Log } from "@msec/process";
import type { HostState } from "../agents/host-directory.ts";
import type { ServerStore } from "../schema.ts";
import { recordEvent } from "./metrics-events.ts";

/** Longest name of a release that is kept, characters. */
export const releaseMaxChars = 64;
/** How far a host's clock may be from ours before the time that it says means nothing. */
const clockSlackMs = 3_600_000;

/**
 * Marks releases on the time axis of curves: an instance whose process runs something else than its process before.
 *
 * States of an instance: unknown → known (what it runs when it is first heard of; no mark) → known anew (another release; a mark). They are in the database, so that a release during a
 * pause of this server is noticed after it. What could not be written is tried again with the host's next report.
 */
export class ReleaseMarks {
  readonly #store: ServerStore;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #known = new Map<string, string>();
  readonly #writing = new Set<string>();
  #idle: Promise<unknown> = Promise.resolve();

  /** @param now  milliseconds since 1970 UTC */
  constructor(store: ServerStore, log: Log, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
  }

  /** Read what instances ran when they were last heard; forget those that are gone. */
  async load(): Promise<void> {
    const { db } = this.#store;
    await db
      .deleteFrom("instance_release")
      .where("instance_id", "not in", db.selectFrom("instance").select("id"))
      .execute();
    const rows = await db.selectFrom("instance_release").selectAll().execute();
    for (const { instance_id, release } of rows) this.#known.set(instance_id, release);
  }

  /** A host reported. Must be quick: what is new is written in the background. */
  heard(host: HostState): void {
    for (const process of host.report?.processes ?? []) {
      const { instanceId, pid } = process;
      const release = process.release.slice(0, releaseMaxChars);
      if (instanceId === "" || pid === 0 || release === "") continue;
      if (this.#known.get(instanceId) === release || this.#writing.has(instanceId)) continue;
      this.#writing.add(instanceId);
      const written = this.#note(process, release, host)
        .catch((error: unknown) => this.#log.warn("a release could not be written down", { instanceId, error }))
        .finally(() => this.#writing.delete(instanceId));
      this.#idle = Promise.all([this.#idle, written]);
    }
  }

  /** Settles when everything heard so far is written, or has failed. */
  async close(): Promise<void> {
    await this.#idle;
  }

  async #note({ instanceId, listen, startedMs }: Process, release: string, host: HostState): Promise<void> {
    const isNew = !this.#known.has(instanceId);
    const nowMs = this.#now();
    const isWritten = await this.#store.transaction(async (transaction) => {
      // A host speaks for its own instances only, and of the service that they are registered for.
      const instance = await transaction
        .selectFrom("instance")
        .select("service")
        .where("id", "=", instanceId)
        .where("host_id", "=", host.id)
        .executeTakeFirst();
      if (instance === undefined) return false;
      await transaction
        .insertInto("instance_release")
        .values({ instance_id: instanceId, release })
        .onConflict((conflict) => conflict.column("instance_id").doUpdateSet({ release }))
        .execute();
      if (isNew) return true;
      const timeMs = Math.abs(nowMs - startedMs) < clockSlackMs ? startedMs : nowMs;
      const subject = `${listen || instanceId} ${release}`;
      await recordEvent(transaction, {
        timeMs,
        service: instance.service,
        kind: EventKind.RELEASE,
        subject,
        by: host.name,
      });
      return true;
    });
    if (isWritten) this.#known.set(instanceId, release);
  }
}
