import { Code, currentContext, RpcError } from "@msec/rpc";
import type { PartialLimits } from "../limits.ts";
import { formatAddress } from "../socket-address.ts";
import type { ExternalAnswer, ExternalCall } from "./external-call.ts";
import type { ExternalCodec, ExternalTarget } from "./external-codec.ts";
import {
  ExternalConnection,
  type ExternalConnectionOptions,
  type ExternalConnectionOwner,
} from "./external-connection.ts";
import { type ExternalLimits, externalLimits } from "./external-limits.ts";
import { datagramMaxBytes } from "./packet-socket.ts";

/** How one external call is to be made. */
export interface ExternalCallOptions {
  /** At most so long, >= 1; default `limits.timeoutMs`, and never more than is left to the request being served. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when the call goes out on a connection. */
  readonly onSent?: (() => void) | undefined;
  /** What the call is called in messages; default "the call". */
  readonly method?: string | undefined;
}

/** Options of {@link createExternalChannel}. */
export interface ExternalChannelOptions {
  readonly limits?: PartialLimits<ExternalLimits> | undefined;
}

/** A way to one external service: connections that are made when needed and kept. */
export interface ExternalChannel<Request, Response> extends AsyncDisposable {
  /**
   * One call.
   *
   * @throws RpcError  Unavailable (no connection, or it broke; `details.notSent` where nothing of the call had been sent), DeadlineExceeded, Canceled,
   *                   ResourceExhausted (a limit of the channel, or an answer above it), InvalidArgument (`encode` failed), Internal (the
   *                   answer is none of the protocol, or `decode` failed)
   */
  call(request: Request, options?: ExternalCallOptions): Promise<ExternalAnswer<Response>>;
  /** Calls that wait for their answer, or for a connection. */
  readonly inFlight: number;
  /** Connections that are open or being made. */
  readonly connections: number;
  /** Packets that came for no outstanding call, and datagrams that were none of the protocol. */
  readonly ignoredPackets: number;
  /** `127.0.0.1:3306`, `127.0.0.1:53@udp`, `unix:/run/x.sock`. */
  readonly address: string;
  /** Take no new calls, wait for the outstanding ones, close. @param options.graceMs  how long to wait; default 5_000, 0 closes at once */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * Make a channel to a service with a protocol of its own, over TCP, UDP or a unix socket. Connects at the first call.
 *
 * @throws RangeError  a limit out of its range
 */
export function createExternalChannel<Request, Response = Uint8Array>(
  target: ExternalTarget,
  codec: ExternalCodec<Request, Response>,
  options: ExternalChannelOptions = {},
): ExternalChannel<Request, Response> {
  return new CodecChannel(target, codec, externalLimits(options.limits));
}

const maxSequence = 0x7fff_ffff;
// Node takes a longer timer for one of a millisecond.
const maxTimerMs = 2_147_483_647;

class CodecChannel<Request, Response> implements ExternalChannel<Request, Response>, ExternalConnectionOwner {
  readonly address: string;
  inFlight = 0;
  ignoredPackets = 0;
  readonly #codec: ExternalCodec<Request, Response>;
  readonly #limits: ExternalLimits;
  readonly #maxRequestBytes: number;
  readonly #connectionOptions: ExternalConnectionOptions;
  readonly #connections = new Set<ExternalConnection>();
  /** Calls for which no connection is free, in their order. Only where a connection carries one at a time. */
  readonly #waiting = new Set<ExternalCall>();
  #sequence = 0;
  #failures = 0;
  #retryAtMs = 0;
  #lastFailure: RpcError | undefined;
  #isClosed = false;
  #drained: (() => void) | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(target: ExternalTarget, codec: ExternalCodec<Request, Response>, limits: ExternalLimits) {
    this.#codec = codec;
    this.#limits = limits;
    const isUdp = "port" in target && target.protocol === "udp";
    this.address =
      "path" in target ? `unix:${target.path}` : `${formatAddress(target.address, target.port)}${isUdp ? "@udp" : ""}`;
    this.#maxRequestBytes = isUdp ? Math.min(limits.packets.maxBytes, datagramMaxBytes) : limits.packets.maxBytes;
    this.#connectionOptions = {
      target,
      address: this.address,
      rules: { packetLength: (buffer) => codec.packetLength(buffer), maxBytes: limits.packets.maxBytes },
      sequenceOf: codec.sequenceOf && ((packet) => codec.sequenceOf!(packet)),
    };
  }

  get connections(): number {
    return this.#connections.size;
  }

  call(request: Request, options: ExternalCallOptions = {}): Promise<ExternalAnswer<Response>> {
    const context = currentContext();
    const own = options.timeoutMs ?? this.#limits.timeoutMs;
    const timeoutMs = context ? Math.min(own, context.remainingMs()) : own;
    const refusal = this.#refusal(options, own, timeoutMs);
    if (refusal) return Promise.reject(refusal);
    const { promise, resolve, reject } = Promise.withResolvers<ExternalAnswer<Response>>();
    const name = options.method ?? "the call";
    const sequence = this.#nextSequence();
    let packet: Uint8Array;
    try {
      packet = this.#encode(request, sequence, name);
    } catch (error) {
      return Promise.reject(error);
    }
    const end = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      unlisten?.();
      this.inFlight--;
      if (this.inFlight === 0) this.#drained?.();
    };
    const call: ExternalCall = {
      sequence,
      packet,
      isSent: false,
      onSent: options.onSent,
      answer: (bytes) => {
        end();
        try {
          const response = this.#decode(bytes, name);
          resolve({ response, requestBytes: packet.length, responseBytes: bytes.length });
        } catch (error) {
          reject(error);
        }
      },
      fail: (error) => {
        end();
        reject(error);
      },
    };
    const giveUp = (code: Code, text: string, cause?: unknown) => {
      const details = call.isSent ? {} : { notSent: true };
      const error = new RpcError(code, `${name} at ${this.address}: ${text}`, { cause, details });
      this.#giveUp(call, error);
    };
    const timer = setTimeout(
      () => giveUp(Code.DeadlineExceeded, `no answer in ${Math.round(timeoutMs)} ms`),
      Math.min(Math.max(1, timeoutMs), maxTimerMs),
    );
    const onAbort = () => giveUp(Code.Canceled, "given up by its caller", options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const unlisten = context?.onCancel((reason) => giveUp(Code.Canceled, "given up by its caller", reason));
    this.inFlight++;
    this.#place(call);
    return promise;
  }

  async close(options?: { readonly graceMs?: number }): Promise<void> {
    this.#isClosed = true;
    const graceMs = options?.graceMs ?? 5_000;
    if (this.inFlight > 0 && graceMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      const timer = setTimeout(resolve, graceMs);
      await promise;
      clearTimeout(timer);
    }
    const closed = new RpcError(Code.Canceled, `${this.address}: the channel was closed`);
    for (const call of this.#waiting)
      call.fail(new RpcError(closed.code, closed.message, { details: { notSent: true } }));
    this.#waiting.clear();
    for (const connection of [...this.#connections]) connection.destroy(closed);
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  opened(): void {
    this.#failures = 0;
    this.#retryAtMs = 0;
  }

  ignored(): void {
    this.ignoredPackets++;
  }

  idle(connection: ExternalConnection): void {
    if (this.#isPipelined) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    connection.add(next);
  }

  ended(connection: ExternalConnection, error: RpcError): void {
    if (!this.#connections.delete(connection)) return;
    if (!connection.isOpen && !this.#isClosed) this.#backOff(error);
    this.#placeWaiting();
  }

  get #isPipelined(): boolean {
    return this.#connectionOptions.sequenceOf !== undefined;
  }

  #place(call: ExternalCall): void {
    const free = this.#freeConnection();
    if (free) free.add(call);
    else this.#waiting.add(call);
  }

  // A place is free, or the way is shut for a while.
  #placeWaiting(): void {
    for (const call of [...this.#waiting]) {
      const refusal = this.#connections.size === 0 ? this.#backingOff() : undefined;
      const free = refusal ? undefined : this.#freeConnection();
      if (!refusal && !free) return;
      this.#waiting.delete(call);
      if (refusal) call.fail(refusal);
      else free!.add(call);
    }
  }

  #freeConnection(): ExternalConnection | undefined {
    for (const connection of this.#connections) {
      if (this.#isPipelined || connection.inFlight === 0) return connection;
    }
    if (this.#connections.size >= (this.#isPipelined ? 1 : this.#limits.connections.max)) return undefined;
    // The others go on; one more would fail as the last one did.
    if (this.#backingOff()) return undefined;
    const { timeoutMs } = this.#limits.connect;
    const connection = new ExternalConnection(
      this.#connectionOptions,
      timeoutMs,
      this,
      () => new RpcError(Code.Unavailable, `${this.address}: not connected within connect.timeoutMs ${timeoutMs}`),
    );
    this.#connections.add(connection);
    const { idleMs } = this.#limits.connections;
    this.#sweep ??= setInterval(() => this.#closeIdle(), Math.min(5_000, Math.max(10, idleMs / 4))).unref();
    return connection;
  }

  #closeIdle(): void {
    const sinceMs = performance.now() - this.#limits.connections.idleMs;
    for (const connection of [...this.#connections]) {
      if (connection.isOpen && connection.inFlight === 0 && connection.idleSinceMs < sinceMs) {
        connection.destroy(new RpcError(Code.Canceled, `${this.address}: closed after connections.idleMs`));
      }
    }
    if (this.#connections.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
  }

  #giveUp(call: ExternalCall, error: RpcError): void {
    if (this.#waiting.delete(call)) {
      call.fail(error);
      return;
    }
    // First the call: what its connection then says is not its own failure.
    call.fail(error);
    for (const connection of [...this.#connections]) connection.remove(call, error);
  }

  #refusal(options: ExternalCallOptions, own: number, timeoutMs: number): RpcError | undefined {
    const notSent = { details: { notSent: true } };
    if (this.#isClosed) return new RpcError(Code.Unavailable, `${this.address}: the channel is closed`, notSent);
    if (options.signal?.aborted) {
      return new RpcError(Code.Canceled, "the call was given up before it began", {
        cause: options.signal.reason,
        ...notSent,
      });
    }
    if (!(own > 0)) return new RpcError(Code.InvalidArgument, `timeoutMs ${own} must be >= 1`, notSent);
    if (!(timeoutMs > 0)) {
      return new RpcError(Code.DeadlineExceeded, "the deadline of the request being served has passed", notSent);
    }
    const { max } = this.#limits.calls;
    if (this.inFlight >= max) {
      return new RpcError(Code.ResourceExhausted, `${this.address}: calls.max ${max} are outstanding`, notSent);
    }
    return this.#connections.size === 0 ? this.#backingOff() : undefined;
  }

  #backingOff(): RpcError | undefined {
    const waitMs = Math.ceil(this.#retryAtMs - performance.now());
    if (waitMs <= 0) return undefined;
    return new RpcError(Code.Unavailable, `${this.#lastFailure?.message}; tried again in ${waitMs} ms`, {
      cause: this.#lastFailure,
      details: { notSent: true },
    });
  }

  #backOff(error: RpcError): void {
    const { backoffMs, maxBackoffMs } = this.#limits.connect;
    const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures++, 20));
    // Half of the pause is random, so that the callers of a server that comes back do not all come at once.
    this.#retryAtMs = performance.now() + pauseMs * (0.5 + Math.random() / 2);
    this.#lastFailure = error;
  }

  #nextSequence(): number {
    this.#sequence = this.#sequence >= maxSequence ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #encode(request: Request, sequence: number, name: string): Uint8Array {
    const notSent = { details: { notSent: true } };
    let packet: unknown;
    try {
      packet = this.#codec.encode(request, sequence);
    } catch (cause) {
      if (cause instanceof RpcError) throw cause;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new RpcError(Code.InvalidArgument, `${name} cannot be sent: encode failed: ${text}`, { cause, ...notSent });
    }
    if (!(packet instanceof Uint8Array) || packet.length === 0) {
      throw new RpcError(Code.InvalidArgument, `${name} cannot be sent: encode gave no bytes`, notSent);
    }
    if (packet.length > this.#maxRequestBytes) {
      throw new RpcError(
        Code.ResourceExhausted,
        `${name} cannot be sent: ${packet.length} bytes are more than ${this.address} takes in one packet (${this.#maxRequestBytes})`,
        notSent,
      );
    }
    return packet;
  }

  #decode(packet: Uint8Array, name: string): Response {
    if (this.#codec.decode === undefined) return packet as Response;
    try {
      return this.#codec.decode(packet);
    } catch (cause) {
      if (cause instanceof RpcError) throw cause;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new RpcError(Code.Internal, `the answer of ${name} at ${this.address} cannot be read: ${text}`, { cause });
    }
  }
}
