import { Code, RpcError } from "@msec/rpc";
import type { HostDirectory, HostState } from "../agents/host-directory.ts";
import { writeZone } from "../agents/host-zone.ts";
import type { ServerStore } from "../schema.ts";
import type { RegistryFeed } from "./control-feed.ts";
import { raiseRoutesOf } from "./store.ts";

/** Changes of hosts that change what is in the registry too. */
export class HostRegistry {
  readonly #store: ServerStore;
  readonly #hosts: HostDirectory;
  readonly #feed: RegistryFeed;
  readonly #changing = new Map<string, Promise<HostState>>();

  constructor(store: ServerStore, hosts: HostDirectory, feed: RegistryFeed) {
    this.#store = store;
    this.#hosts = hosts;
    this.#feed = feed;
  }

  /**
   * Say where a host is; its instances' routes say so from then on.
   *
   * @throws RpcError NotFound, FailedPrecondition (its agent says something else itself)
   */
  async setZone(hostId: string, zone: string): Promise<HostState> {
    const host = this.#find(hostId);
    const own = host.report?.zone ?? "";
    if (own !== "" && own !== zone) {
      throw new RpcError(
        Code.FailedPrecondition,
        `the agent of ${host.name} says that its zone is ${own}; change zone in [agent] of its msec.ini`,
      );
    }
    return await this.#change(hostId, zone);
  }

  /** An agent says where it is. Once at a time for each host, whatever it repeats meanwhile. */
  async zoneReported(host: HostState, zone: string): Promise<void> {
    const running = this.#changing.get(host.id);
    if (running !== undefined) return;
    const change = this.#change(host.id, zone).finally(() => this.#changing.delete(host.id));
    this.#changing.set(host.id, change);
    await change;
  }

  /**
   * Forget a host.
   *
   * @throws RpcError NotFound, FailedPrecondition (it still has instances)
   */
  async remove(hostId: string): Promise<void> {
    const host = this.#find(hostId);
    await this.#store.transaction(async (transaction) => {
      const instance = await transaction
        .selectFrom("instance")
        .select("service")
        .where("host_id", "=", hostId)
        .executeTakeFirst();
      if (instance !== undefined) {
        throw new RpcError(
          Code.FailedPrecondition,
          `${host.name} still has instances, of ${instance.service} for one; remove them first`,
        );
      }
      await transaction.deleteFrom("host_assignment").where("host_id", "=", hostId).execute();
      await transaction.deleteFrom("host").where("id", "=", hostId).execute();
    });
    this.#hosts.remove(hostId);
  }

  async #change(hostId: string, zone: string): Promise<HostState> {
    const changed = await this.#store.transaction(async (transaction) => {
      const isOther = await writeZone(transaction, hostId, zone);
      if (isOther) await raiseRoutesOf(transaction, hostId);
      return isOther;
    });
    if (changed) {
      await this.#hosts.load();
      await this.#feed.refresh();
    }
    return this.#find(hostId);
  }

  #find(hostId: string): HostState {
    const host = this.#hosts.find(hostId);
    if (host === undefined)
      throw new RpcError(Code.NotFound, `there is no host ${JSON.stringify(hostId.slice(0, 80))}`);
    return host;
  }
}
