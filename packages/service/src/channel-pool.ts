import type { CallObserver, UnaryCall } from "@msec/rpc";
import { type ChannelTls, createChannel, createUdpChannel } from "@msec/rpc-node";
import { MAX_TRIES } from "./call-repeat.ts";
import { GrpcWay } from "./grpc-way.ts";
import { type Place, placeName } from "./place.ts";
import { UncheckedObserver } from "./routes/unchecked-observer.ts";

// Of instances of a service: when they are tried again is the balancer's to say, the channel only keeps calls from connecting one after the other.
const ROUTED_BACKOFF_MS = 100;
// Places called by address belong to no table; their channels are closed after this long without use.
const IDLE_MS = 60_000;

/** A way to one place, over whatever protocol. */
export type AnyChannel = {
  readonly call: UnaryCall;
  readonly inFlight: number;
  routeVersion: number;
  /** Of channels to instances of services: how many others a call can go to. */
  others?: number;
  close(options?: { readonly graceMs?: number }): Promise<void>;
};

type Kept = {
  readonly channel: AnyChannel;
  readonly place: string;
  readonly service: string;
  /** Of places called by address: when a call last asked for it. */
  usedMs: number;
  /** It is not for calls to come. */
  isLeaving: boolean;
};

type PoolOptions = {
  readonly caller: string;
  readonly observer: CallObserver;
  /** Milliseconds for connecting, TLS included. */
  readonly connectTimeoutMs: number;
  /** TLS of a target: a service's name, or an address with its port. Default: none. */
  readonly tls?: ((target: string) => ChannelTls | undefined) | undefined;
};

/** One channel for each instance that this process calls, kept until its route is gone and its last call has ended. */
export class ChannelPool {
  readonly #options: PoolOptions;
  readonly #channels = new Map<string, Kept>();
  // The same by the objects that name the places, which stay the same from call to call, so that no key is put together for each.
  readonly #byPlace = new WeakMap<Place, Kept>();
  readonly #leaving = new Set<Kept>();
  /** Of the route tables of services; they are recorded with calls. */
  readonly #versions = new Map<string, number>();
  readonly #others = new Map<string, number>();

  constructor(options: PoolOptions) {
    this.#options = { ...options, observer: new UncheckedObserver(options.observer) };
  }

  /** Channels that are kept, those that wait for their last call included. */
  get size(): number {
    return this.#channels.size + this.#leaving.size;
  }

  /**
   * The channel to a place.
   *
   * @param service  its name, or "" where it is called by its address
   */
  channelTo(place: Place, service: string): AnyChannel {
    const known = this.#byPlace.get(place);
    const kept = known?.service === service && !known.isLeaving ? known : this.#keep(place, service);
    if (service === "") kept.usedMs = performance.now();
    return kept.channel;
  }

  /** The gRPC channel to a place, which also carries streams. */
  grpcTo(place: { readonly address: string; readonly port: number }, service: string): GrpcWay {
    return this.channelTo({ address: place.address, port: place.port, protocol: "grpc" }, service) as GrpcWay;
  }

  #keep(place: Place, service: string): Kept {
    const name = placeName(place);
    const key = `${service} ${name}`;
    let kept = this.#channels.get(key);
    if (kept === undefined) {
      kept = { channel: this.#open(place, service), place: name, service, usedMs: 0, isLeaving: false };
      this.#channels.set(key, kept);
    }
    this.#byPlace.set(place, kept);
    return kept;
  }

  /** The channel to a place, where there is one. */
  find(place: Place, service: string): AnyChannel | undefined {
    return this.#channels.get(`${service} ${placeName(place)}`)?.channel;
  }

  /** Gives the calls to come another channel; those that are out keep theirs until they end. */
  renew(place: Place, service: string): void {
    const name = placeName(place);
    const key = `${service} ${name}`;
    const kept = this.#channels.get(key);
    if (kept === undefined) return;
    this.#leave(key, kept);
    const channel = this.#open(place, service);
    this.#channels.set(key, { channel, place: name, service, usedMs: kept.usedMs, isLeaving: false });
    this.sweep();
  }

  #open(place: Place, service: string): AnyChannel {
    const channel = this.#make(place, service);
    channel.routeVersion = this.#versions.get(service) ?? 0;
    channel.others = this.#others.get(service) ?? 0;
    return channel;
  }

  #make(place: Place, service: string): AnyChannel {
    const { caller, observer, connectTimeoutMs } = this.#options;
    const about = { caller, observer, peerService: service };
    if ("port" in place && place.protocol === "udp") return createUdpChannel(place, about);
    if ("port" in place && place.protocol === "grpc") {
      return new GrpcWay(place, { ...about, tls: this.tlsOf(place, service), connectTimeoutMs });
    }
    const backoff = service === "" ? {} : { backoffMs: ROUTED_BACKOFF_MS, maxBackoffMs: ROUTED_BACKOFF_MS };
    const limits = { connect: { timeoutMs: connectTimeoutMs, ...backoff } };
    return createChannel(place, { ...about, limits, tls: this.tlsOf(place, service) });
  }

  /** The TLS with which a place is called. */
  tlsOf(place: Place, service: string): ChannelTls | undefined {
    return this.#options.tls?.(service === "" ? placeName(place) : service);
  }

  /**
   * A service has another table: lets go of its channels to places that are not in it any more.
   *
   * @param version  of the table; 0 where there is none any more
   */
  routesChanged(service: string, places: readonly Place[], version: number): void {
    this.#versions.set(service, version);
    const others = Math.max(0, Math.min(places.length, MAX_TRIES) - 1);
    this.#others.set(service, others);
    const names = new Set(places.map(placeName));
    for (const [key, kept] of this.#channels) {
      if (kept.service !== service) continue;
      kept.channel.routeVersion = version;
      kept.channel.others = others;
      if (!names.has(kept.place)) this.#leave(key, kept);
    }
    this.sweep();
  }

  // Calls to come get another one.
  #leave(key: string, kept: Kept): void {
    kept.isLeaving = true;
    this.#channels.delete(key);
    this.#leaving.add(kept);
  }

  /** Closes what waits for nothing any more; call it from time to time. */
  sweep(): void {
    const idleSinceMs = performance.now() - IDLE_MS;
    for (const [key, kept] of this.#channels) {
      if (kept.service !== "" || kept.channel.inFlight > 0 || kept.usedMs > idleSinceMs) continue;
      this.#leave(key, kept);
    }
    for (const kept of this.#leaving) {
      if (kept.channel.inFlight > 0) continue;
      this.#leaving.delete(kept);
      // Nothing is outstanding: there is nothing to wait for and nothing that could fail.
      void kept.channel.close();
    }
  }

  /** Closes all channels, waiting at most `graceMs` for calls that are outstanding. */
  async close(graceMs: number): Promise<void> {
    const all = [...this.#channels.values(), ...this.#leaving];
    this.#channels.clear();
    this.#leaving.clear();
    await Promise.all(all.map(({ channel }) => channel.close({ graceMs })));
  }
}
