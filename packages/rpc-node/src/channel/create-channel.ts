import { performance } from "node:perf_hooks";
import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import {
  attemptNumber,
  type CallContext,
  type CallObserver,
  type CallOptions,
  CallRecord,
  CallSide,
  Code,
  clearId,
  copyId,
  currentContext,
  DeadlineTimer,
  type IdCell,
  idOffset,
  type MessageFields,
  RpcError,
  type TraceParent,
  takeIds,
  type UnaryCall,
  wallClockUs,
} from "@msec/rpc";
import { beginFrame, endFrame, endHead, HeadDecoder, WireError, WireReason } from "@msec/wire";
import { setEngineFlags } from "../engine-flags.ts";
import { type ChannelLimits, channelLimits, type PartialLimits } from "../limits.ts";
import { entriesToSend } from "../metadata.ts";
import { CallMethod } from "./call-method.ts";
import { ChannelConnection, type ChannelTarget, type ConnectionOwner, formatTarget } from "./channel-connection.ts";
import type { ChannelTls } from "./channel-tls.ts";
import { headFields } from "./head-fields.ts";
import { type PendingCall, rejectCall } from "./pending-call.ts";

// Time for two more attempts of the same kind, or one and its answer.
const connectShare = 1 / 3;
// Less than that says nothing of the other end: a busy process takes as long to notice that it is connected.
const leastConnectWaitMs = 100;

/** Options of {@link createChannel}. */
export interface ChannelOptions {
  readonly tls?: ChannelTls | undefined;
  readonly limits?: PartialLimits<ChannelLimits> | undefined;
  /** Hears of every call made. */
  readonly observer?: CallObserver | undefined;
  /** Who calls, `L1.L2`; default "" (the head has no caller). */
  readonly caller?: string | undefined;
  /** `L1.L2` of the service that is called, for `CallRecord.peerService`; default "". */
  readonly peerService?: string | undefined;
}

/**
 * `idle`: no connection, the next call makes one. `connecting`: calls wait for it. `open`: calls go out.
 * `backing-off`: connecting failed lately, calls fail at once (`notSent`) until the pause is over, then the next call tries again.
 * `closed`: for good.
 */
export type ChannelState = "idle" | "connecting" | "open" | "backing-off" | "closed";

/** A way to one server: one long connection, made when first needed and again after it broke; calls are pipelined. */
export interface Channel extends AsyncDisposable {
  /**
   * One call.
   *
   * @throws RpcError of the server, or: Unavailable (no connection, or it broke; `details.notSent` where nothing of the call had been
   * handed to the socket), DeadlineExceeded (`details.notSent` where there was no connection in time), Canceled (the signal, or the request that is being served was given up), ResourceExhausted
   * (a limit of the channel), InvalidArgument (the request cannot be encoded)
   */
  readonly call: UnaryCall;
  readonly state: ChannelState;
  /** Calls that wait for their answer. */
  readonly inFlight: number;
  /** Answers that came for no outstanding call (given up before, or never asked). */
  readonly ignoredAnswers: number;
  /** Version of the route table by which calls come here: recorded with each call that is made from now on. 0 unless somebody sets it. */
  routeVersion: number;
  /**
   * How many other places a call can go to. One that has been to fewer waits for a connection that is not there yet for a third of its time, and at least
   * 100 ms; then it fails with DeadlineExceeded and `notSent`. 0 unless somebody sets it: calls wait as long as they live, or `connect.timeoutMs`.
   */
  others: number;
  /** `127.0.0.1:7963`, `unix:/run/agent.sock`. */
  readonly address: string;
  /**
   * Take no new calls, wait for the outstanding ones, close.
   *
   * @param options.graceMs  how long to wait; then they fail with Canceled. Default 5_000; 0 closes at once
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * Make a channel to an address or unix socket. Connects at the first call.
 *
 * @throws RangeError  a limit out of its range
 */
export function createChannel(target: ChannelTarget, options: ChannelOptions = {}): Channel {
  setEngineFlags();
  return new SrpcChannel(target, options);
}

class SrpcChannel implements Channel, ConnectionOwner {
  readonly call: UnaryCall;
  readonly address: string;
  ignoredAnswers = 0;
  inFlight = 0;
  routeVersion = 0;
  others = 0;
  readonly isObserved: boolean;
  readonly #target: ChannelTarget;
  readonly #options: ChannelOptions;
  readonly #limits: ChannelLimits;
  readonly #frameLimits: { maxFrameBytes: number; maxHeadBytes: number };
  readonly #caller: string;
  readonly #heads = new HeadDecoder();
  #lastDesc: DescMethodUnary | undefined;
  #lastMethod: CallMethod | undefined;
  readonly #deadlines = new DeadlineTimer((nowMs) => this.#expire(nowMs));
  readonly #record = new CallRecord(CallSide.Client);
  /** The one that new calls use. */
  #current: ChannelConnection | undefined;
  /** With calls outstanding: the current one, and ones whose server is stopping. */
  readonly #connections = new Set<ChannelConnection>();
  #failures = 0;
  #retryAtMs = 0;
  #lastFailure: RpcError | undefined;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(target: ChannelTarget, options: ChannelOptions) {
    this.#target = target;
    this.#options = options;
    this.isObserved = options.observer !== undefined;
    this.#limits = channelLimits(options.limits);
    this.#frameLimits = { maxFrameBytes: this.#limits.frames.maxBytes, maxHeadBytes: this.#limits.frames.maxHeadBytes };
    this.#caller = options.caller ?? "";
    this.address = formatTarget(target);
    this.call = (method, request, callOptions) => this.#call(method, request, callOptions);
  }

  get state(): ChannelState {
    if (this.#closed) {
      return "closed";
    }
    if (this.#current) {
      return this.#current.isOpen ? "open" : "connecting";
    }
    return performance.now() < this.#retryAtMs ? "backing-off" : "idle";
  }

  async close(options?: { readonly graceMs?: number }): Promise<void> {
    this.#closed = true;
    if (this.inFlight > 0 && (options?.graceMs ?? 5_000) > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#idle = resolve;
      const timer = setTimeout(resolve, options?.graceMs ?? 5_000);
      await promise;
      clearTimeout(timer);
    }
    for (const connection of [...this.#connections]) {
      connection.destroy(new RpcError(Code.Canceled, "the channel was closed"));
    }
    this.#deadlines.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  connected(): void {
    this.#failures = 0;
  }

  disconnected(connection: ChannelConnection, error: RpcError): void {
    this.#connections.delete(connection);
    if (this.#current !== connection) {
      return;
    }
    this.#current = undefined;
    if (!connection.wasOpen) {
      const { backoffMs, maxBackoffMs } = this.#limits.connect;
      const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures, 20));
      this.#failures++;
      // Half of the pause is random, so that the callers of a server that comes back do not all come at once.
      this.#retryAtMs = performance.now() + pauseMs * (0.5 + Math.random() / 2);
      this.#lastFailure = error;
    }
  }

  leaving(connection: ChannelConnection): void {
    // It stays until the server, which answers what is outstanding, closes it.
    if (this.#current === connection) {
      this.#current = undefined;
    }
  }

  settled(call: PendingCall, code: Code, message: string, responseBytes: number, nowMs: number): void {
    this.inFlight--;
    if (this.inFlight === 0) {
      this.#idle?.();
    }
    if (this.#options.observer) {
      this.#observe(call, code, message, responseBytes, nowMs || performance.now());
    }
  }

  ignored(): void {
    this.ignoredAnswers++;
  }

  #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageFields<I>,
    options: CallOptions | undefined,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const context = currentContext();
      const startedMs = performance.now();
      const timeoutMs = this.#timeout(options, context);
      const refusal = this.#refusal(options, timeoutMs, startedMs);
      const parent = options?.parent ?? context;
      const { slab, at } = callIds(parent);
      const call: PendingCall = {
        sequence: 0,
        method: this.#method(method),
        resolve: resolve as (message: unknown) => void,
        reject,
        deadline: startedMs + timeoutMs,
        connectBy: Number.POSITIVE_INFINITY,
        startedMs,
        requestBytes: 0,
        ids: slab,
        idsAt: at,
        sentMs: 0,
        onReply: options?.onReply,
        follower: options?.follower,
        unlisten: undefined,
        attempt: options?.attempt ?? 0,
        routeVersion: this.routeVersion,
      };
      if (call.follower) {
        call.follower.isTold = true;
      }
      this.inFlight++;
      if (refusal) {
        rejectCall(call, refusal);
        this.settled(call, refusal.code, refusal.message, 0, 0);
        return;
      }
      this.#send(call, request, options, context, timeoutMs, parent?.sampled === false ? 0 : 1);
    });
  }

  #send(
    call: PendingCall,
    request: object,
    options: CallOptions | undefined,
    context: CallContext | undefined,
    timeoutMs: number,
    traceFlags: number,
  ): void {
    const connection = this.#connection();
    const sequence = connection.nextSequence();
    const writer = connection.output.writer;
    const frame = beginFrame(writer);
    try {
      const fields = headFields(call.ids, call.idsAt);
      fields.traceFlags = traceFlags;
      fields.timeoutMs = timeoutMs;
      fields.hops = context ? context.hops + 1 : 0;
      fields.retry = options?.isRetry || context?.isRetry ? 1 : 0;
      fields.coloring = options?.dyed || context?.dyed ? 1 : 0;
      fields.metadata = entriesToSend(options?.metadata, (options?.parent ?? context)?.traceState);
      call.method.head(options?.caller ?? this.#caller).encode(writer, sequence, fields);
      const body = endHead(writer, frame);
      call.method.request.encode(request, writer);
      call.requestBytes = writer.position - body;
      endFrame(writer, frame, body, this.#frameLimits);
    } catch (thrown) {
      if (writer.position > frame) {
        writer.truncate(frame);
      }
      const error = requestError(call.method.name, thrown);
      rejectCall(call, error);
      this.settled(call, error.code, error.message, 0, 0);
      return;
    }
    call.sequence = sequence;
    connection.add(call, frame);
    this.#deadlines.add(connection.isOpen ? call.deadline : this.#limitWait(call));
    listenForCancel(call, connection, sequence, options?.signal, context);
  }

  /** @returns until when the call waits for its connection */
  #limitWait(call: PendingCall): number {
    const { deadline, startedMs, attempt } = call;
    if (attemptNumber(attempt) < this.others) {
      call.connectBy = startedMs + Math.max(leastConnectWaitMs, (deadline - startedMs) * connectShare);
    }
    return Math.min(deadline, call.connectBy);
  }

  #connection(): ChannelConnection {
    if (!this.#current || this.#current.isUsedUp) {
      // One that has given all its sequences is used up: what waits on it is still answered.
      this.#current = new ChannelConnection(this.#target, this.#options.tls, this.#limits, this.#heads, this);
      this.#connections.add(this.#current);
    }
    return this.#current;
  }

  #timeout(options: CallOptions | undefined, context: CallContext | undefined): number {
    const own = options?.timeoutMs ?? this.#limits.timeoutMs;
    return context ? Math.min(own, context.remainingMs()) : own;
  }

  /** Why the call cannot even begin. */
  #refusal(options: CallOptions | undefined, timeoutMs: number, nowMs: number): RpcError | undefined {
    const notSent = { details: { notSent: true } };
    if (this.#closed) {
      return new RpcError(Code.Unavailable, `${this.address}: the channel is closed`, notSent);
    }
    if (options?.signal?.aborted) {
      return new RpcError(Code.Canceled, "the call was given up before it began", {
        cause: options.signal.reason,
        ...notSent,
      });
    }
    if (!(timeoutMs > 0)) {
      return options?.timeoutMs !== undefined && !(options.timeoutMs > 0)
        ? new RpcError(Code.InvalidArgument, `timeoutMs ${options.timeoutMs} must be >= 1`, notSent)
        : new RpcError(Code.DeadlineExceeded, "the deadline of the request being served has passed", notSent);
    }
    const { calls } = this.#limits;
    if (this.inFlight >= calls.max) {
      return new RpcError(Code.ResourceExhausted, `${this.address}: calls.max ${calls.max} are outstanding`, notSent);
    }
    if (this.#current) {
      return this.#current.output.unsentBytes > calls.maxUnsentBytes
        ? new RpcError(
            Code.ResourceExhausted,
            `${this.address}: more than calls.maxUnsentBytes ${calls.maxUnsentBytes} wait to be sent`,
            notSent,
          )
        : undefined;
    }
    if (nowMs < this.#retryAtMs) {
      const waitMs = Math.ceil(this.#retryAtMs - nowMs);
      return new RpcError(Code.Unavailable, `${this.#lastFailure?.message}; tried again in ${waitMs} ms`, {
        cause: this.#lastFailure,
        ...notSent,
      });
    }
    return undefined;
  }

  #method(desc: DescMethodUnary): CallMethod {
    if (desc !== this.#lastDesc) {
      this.#lastMethod = CallMethod.of(desc);
      this.#lastDesc = desc;
    }
    return this.#lastMethod!;
  }

  #expire(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      next = Math.min(next, connection.expire(nowMs));
    }
    return next;
  }

  #observe(call: PendingCall, code: Code, message: string, responseBytes: number, nowMs: number): void {
    const record = this.#record;
    record.method = call.method.name;
    record.peerService = this.#options.peerService ?? "";
    record.peerInstance = this.address;
    record.useIds(call.ids, call.idsAt);
    record.startUs = wallClockUs(call.startedMs);
    record.durationUs = (nowMs - call.startedMs) * 1000;
    record.queueUs = ((call.sentMs || nowMs) - call.startedMs) * 1000;
    record.code = code;
    record.message = message;
    record.requestBytes = call.requestBytes;
    record.responseBytes = responseBytes;
    record.deadlineMs = Math.max(0, Math.round(call.deadline - call.startedMs));
    record.attempt = call.attempt;
    record.routeVersion = call.routeVersion;
    this.#options.observer!.onClientCall(record);
  }
}

function callIds(parent: TraceParent | undefined): IdCell {
  const cell = takeIds();
  if (parent) {
    copyId(parent.traceId, cell.slab, cell.at + idOffset.trace, 16);
    copyId(parent.spanId, cell.slab, cell.at + idOffset.parent, 8);
  } else {
    clearId(cell.slab, cell.at + idOffset.parent, 8);
  }
  return cell;
}

function requestError(method: string, thrown: unknown): RpcError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const tooLarge = thrown instanceof WireError && thrown.reason === WireReason.TooLarge;
  return new RpcError(
    tooLarge ? Code.ResourceExhausted : Code.InvalidArgument,
    `the request for ${method} cannot be sent: ${text}`,
    { cause: thrown, details: { notSent: true } },
  );
}

function listenForCancel(
  call: PendingCall,
  connection: ChannelConnection,
  sequence: number,
  signal: AbortSignal | undefined,
  context: CallContext | undefined,
): void {
  if (!signal && !context) {
    return;
  }
  const giveUp = (cause: unknown) =>
    connection.cancel(
      sequence,
      new RpcError(Code.Canceled, `${call.method.name} was given up by its caller`, { cause }),
    );
  const onAbort = () => giveUp(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const unlisten = context?.onCancel(giveUp);
  call.unlisten = () => {
    signal?.removeEventListener("abort", onAbort);
    unlisten?.();
  };
}
