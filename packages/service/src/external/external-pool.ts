import {
  createExternalChannel,
  type ExternalChannel,
  type ExternalCodec,
  type ExternalLimits,
  type PartialLimits,
} from "@msec/rpc-node";
import { type ExternalPlace, type Place, placeName } from "../place.ts";

const IDLE_MS = 60_000;

type AnyChannel = ExternalChannel<unknown, unknown>;
type Kept = { readonly channel: AnyChannel; readonly service: string; readonly place: string; usedMs: number };

/** One channel for each external place and protocol that this process calls, kept until its route is gone or nobody has used it for a minute. */
export class ExternalPool {
  readonly #channels = new Map<string, Kept>();
  readonly #codecs = new WeakMap<object, number>();
  readonly #connectTimeoutMs: number;
  #lastCodec = 0;

  /** @param connectTimeoutMs  for connecting, where the limits of a call say nothing else */
  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Channels that are kept. */
  get size(): number {
    return this.#channels.size;
  }

  /**
   * The channel to a place, in a protocol.
   *
   * @param service  its name, or "" where it is called by its address
   * @param limits  taken when the channel is made
   */
  channelTo<Request, Response>(
    place: ExternalPlace,
    service: string,
    codec: ExternalCodec<Request, Response>,
    limits: PartialLimits<ExternalLimits> | undefined,
  ): ExternalChannel<Request, Response> {
    const name = placeName(place);
    const key = `${this.#numberOf(codec)} ${service} ${name}`;
    let kept = this.#channels.get(key);
    if (kept === undefined) {
      const connect = { timeoutMs: this.#connectTimeoutMs, ...limits?.connect };
      const channel = createExternalChannel(place, codec, { limits: { ...limits, connect } });
      kept = { channel: channel as unknown as AnyChannel, service, place: name, usedMs: 0 };
      this.#channels.set(key, kept);
    }
    kept.usedMs = performance.now();
    return kept.channel as unknown as ExternalChannel<Request, Response>;
  }

  /** Lets go of the channels of a service to places that are not among these any more, as soon as their calls are done. */
  keepOnly(service: string, places: readonly Place[]): void {
    const names = new Set(places.flatMap((place) => [placeName(place), `${placeName(place)}@udp`]));
    for (const kept of this.#channels.values()) {
      if (kept.service === service && !names.has(kept.place)) kept.usedMs = Number.NEGATIVE_INFINITY;
    }
    this.sweep();
  }

  /** Closes what nobody uses; call it from time to time. */
  sweep(): void {
    const idleSinceMs = performance.now() - IDLE_MS;
    for (const [key, { channel, usedMs }] of this.#channels) {
      if (channel.inFlight > 0 || usedMs > idleSinceMs) continue;
      this.#channels.delete(key);
      // Nothing is outstanding: there is nothing to wait for and nothing that could fail.
      void channel.close();
    }
  }

  /** Closes all channels, waiting at most `graceMs` for calls that are outstanding. */
  async close(graceMs: number): Promise<void> {
    const all = [...this.#channels.values()];
    this.#channels.clear();
    await Promise.all(all.map(({ channel }) => channel.close({ graceMs })));
  }

  #numberOf(codec: object): number {
    let number = this.#codecs.get(codec);
    if (number === undefined) {
      number = ++this.#lastCodec;
      this.#codecs.set(codec, number);
    }
    return number;
  }
}
