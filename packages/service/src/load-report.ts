import type { RouteCache } from "./route-cache.ts";

/** Calls that a process serves and has begun to serve. */
export type ServedLoad = { readonly inFlight: number; readonly callsBegun: bigint };

// In routing it is for people's eyes. Out of routing somebody waits for the last call to end …
const ROUTED_EVERY_MS = 1_000;
const UNROUTED_EVERY_MS = 50;
// … and wants to hear that it still is so; but nobody does for ever.
const REPEAT_EVERY_MS = 200;
const REPEAT_FOR_MS = 120_000;

/**
 * Says when a process tells its agent how many calls it serves: at once when its instance leaves routing, every 50 ms from then on while
 * something changes, every second otherwise.
 */
export class LoadReport {
  readonly #read: () => ServedLoad;
  readonly #routes: RouteCache;
  readonly #service: string;
  readonly #listen: string;
  #said: ServedLoad | undefined;
  #saidMs = 0;
  #leftMs: number | undefined;

  /** @param listen  `127.0.0.1:7963` */
  constructor(read: () => ServedLoad, routes: RouteCache, service: string, listen: string) {
    this.#read = read;
    this.#routes = routes;
    this.#service = service;
    this.#listen = listen;
  }

  /** Until when to wait before `due` is asked again, milliseconds. */
  get pauseMs(): number {
    return this.#leftMs === undefined ? ROUTED_EVERY_MS : UNROUTED_EVERY_MS;
  }

  /** Say everything anew: the agent is another one. */
  forget(): void {
    this.#said = undefined;
  }

  /**
   * The routes changed.
   *
   * @returns whether the instance has just left routing: then what `due` gives is to be said before the routes are acknowledged
   */
  routesChanged(nowMs: number): boolean {
    const isRouted = this.#isRouted();
    const left = !isRouted && this.#leftMs === undefined;
    if (isRouted) this.#leftMs = undefined;
    else this.#leftMs ??= nowMs;
    if (left) this.#said = undefined;
    return left;
  }

  /** What to say now; `undefined` where it is what was said last. */
  due(nowMs: number): ServedLoad | undefined {
    const load = this.#read();
    const said = this.#said;
    const isSame = said !== undefined && said.inFlight === load.inFlight && said.callsBegun === load.callsBegun;
    const isWaitedFor = this.#leftMs !== undefined && nowMs - this.#leftMs < REPEAT_FOR_MS;
    if (isSame && !(isWaitedFor && nowMs - this.#saidMs >= REPEAT_EVERY_MS)) return undefined;
    this.#said = load;
    this.#saidMs = nowMs;
    return load;
  }

  #isRouted(): boolean {
    return (this.#routes.find(this.#service) ?? []).some(
      ({ address, port }) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`) === this.#listen,
    );
  }
}
