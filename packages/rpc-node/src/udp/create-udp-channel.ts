import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import {
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
  takeIds,
  type UnaryCall,
  wallClockUs,
} from "@msec/rpc";
import { beginFrame, endFrame, endHead, HeadDecoder, RpcHead } from "@msec/wire";
import { CallMethod } from "../channel/call-method.ts";
import { errorFromHead } from "../channel/error-from-head.ts";
import { headFields } from "../channel/head-fields.ts";
import { PendingCalls } from "../channel/pending-calls.ts";
import { entriesToSend } from "../metadata.ts";
import { rpcErrorFromNode } from "../node-error.ts";
import { formatAddress } from "../socket-address.ts";
import { returnWriter, takeWriter } from "../writer-pool.ts";
import { datagramLimits, parseDatagram } from "./datagram.ts";

/** Options of {@link createUdpChannel}. */
export interface UdpChannelOptions {
  /** Milliseconds that a call waits unless it says otherwise, 1…2_147_483_647. Default 1_000. */
  readonly timeoutMs?: number | undefined;
  /** Calls outstanding at once, 1…65_536. Default 1_000. */
  readonly maxCalls?: number | undefined;
  /** Who calls, `L1.L2`; default "". */
  readonly caller?: string | undefined;
  /** Hears of every call made. */
  readonly observer?: CallObserver | undefined;
  /** `L1.L2` of the service that is called, for `CallRecord.peerService`; default "". */
  readonly peerService?: string | undefined;
}

/** A way to one server over UDP. Nothing is repeated: what the network loses ends with DeadlineExceeded, executed or not. */
export interface UdpChannel extends AsyncDisposable {
  /**
   * One call, one datagram each way, 65,507 bytes at most with everything.
   *
   * @throws RpcError of the server, or: DeadlineExceeded (no answer: lost on the way there, or back), Unavailable (the host says that nobody
   * listens there), ResourceExhausted (`maxCalls`, or too large for a datagram), InvalidArgument, Canceled
   */
  readonly call: UnaryCall;
  readonly inFlight: number;
  /** Version of the route table by which calls come here: recorded with each call that is made from now on. 0 unless somebody sets it. */
  routeVersion: number;
  /** `127.0.0.1:7963@udp`. */
  readonly address: string;
  /** Outstanding calls fail with Canceled. */
  close(): Promise<void>;
}

/**
 * Make a channel to a server's UDP port. The socket is opened at the first call and hears only that server.
 *
 * @throws RangeError  an option out of its range
 */
export function createUdpChannel(
  target: { readonly address: string; readonly port: number },
  options: UdpChannelOptions = {},
): UdpChannel {
  return new DatagramChannel(target, options);
}

interface Waiting {
  readonly sequence: number;
  readonly method: CallMethod;
  readonly deadline: number;
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: RpcError) => void;
  /** When it was handed to the socket, `performance.now`; 0 until then. */
  sentMs: number;
  /** Bytes of the answer's body; 0 until it is there. */
  responseBytes: number;
}

/** What of a call is told to the observer when it is over. */
interface MadeCall {
  readonly method: CallMethod;
  /** Where its ids are; of its own, for the cell that `takeIds` gives is soon another call's. */
  readonly ids: Uint8Array;
  readonly idsAt: number;
  readonly startedMs: number;
  readonly timeoutMs: number;
  /** Of the whole datagram. */
  readonly requestBytes: number;
  /** See `CallRecord`. */
  readonly attempt: number;
  readonly routeVersion: number;
}

const head = new RpcHead();

/** After this one they begin anew. The original takes 32 bits, and sequences of calls that still wait are passed over, of at most 65,536. */
const lastSequence = 0xffff_fffe - 2 ** 18;

class DatagramChannel implements UdpChannel {
  readonly call: UnaryCall = (method, request, options) => this.#call(method, request, options);
  readonly address: string;
  routeVersion = 0;
  readonly #target: { readonly address: string; readonly port: number };
  readonly #timeoutMs: number;
  readonly #maxCalls: number;
  readonly #caller: string;
  readonly #observer: CallObserver | undefined;
  readonly #peerService: string;
  readonly #heads = new HeadDecoder();
  readonly #waiting = new PendingCalls<Waiting>();
  readonly #deadlines = new DeadlineTimer((nowMs) => this.#expire(nowMs));
  readonly #record = new CallRecord(CallSide.Client);
  #socket: Promise<Socket> | undefined;
  // From a random start: whoever forges an answer has to guess it, beside the port.
  #sequence = Math.floor(Math.random() * 0x7fff_ffff);
  #closed = false;

  constructor(target: { readonly address: string; readonly port: number }, options: UdpChannelOptions) {
    this.#target = target;
    this.#timeoutMs = inRange("timeoutMs", options.timeoutMs ?? 1_000, 2_147_483_647);
    this.#maxCalls = inRange("maxCalls", options.maxCalls ?? 1_000, 65_536);
    this.#caller = options.caller ?? "";
    this.#observer = options.observer;
    this.#peerService = options.peerService ?? "";
    this.address = `${formatAddress(target.address, target.port)}@udp`;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#deadlines.stop();
    this.#failAll(new RpcError(Code.Canceled, "the channel was closed"));
    const socket = await this.#socket?.catch(() => undefined);
    this.#socket = undefined;
    if (socket) {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    desc: DescMethodUnary<I, O>,
    request: MessageFields<I>,
    options: CallOptions | undefined,
  ): Promise<MessageShape<O>> {
    const context = currentContext();
    const timeoutMs = Math.min(
      options?.timeoutMs ?? this.#timeoutMs,
      context?.remainingMs() ?? Number.POSITIVE_INFINITY,
    );
    this.#refuse(options, timeoutMs);
    const method = CallMethod.of(desc);
    const sequence = this.#nextSequence();
    const { slab: ids, at: idsAt } = takeIds();
    const frame = this.#encode(method, sequence, request, options, timeoutMs, { slab: ids, at: idsAt });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const startedMs = performance.now();
    const deadline = startedMs + timeoutMs;
    const waiting: Waiting = { sequence, method, deadline, resolve, reject, sentMs: 0, responseBytes: 0 };
    this.#waiting.add(waiting);
    this.#deadlines.add(deadline);
    const giveUp = (cause: unknown) =>
      this.#fail(sequence, new RpcError(Code.Canceled, `${method.name} was given up by its caller`, { cause }));
    const onAbort = () => giveUp(options?.signal?.reason);
    options?.signal?.addEventListener("abort", onAbort);
    const unlisten = context?.onCancel(giveUp);
    this.#send(sequence, frame);
    const { routeVersion } = this;
    const attempt = options?.attempt ?? 0;
    const made = { method, ids, idsAt, startedMs, timeoutMs, requestBytes: frame.length, attempt, routeVersion };
    try {
      const message = (await promise) as MessageShape<O>;
      this.#observe(made, undefined, waiting);
      return message;
    } catch (error) {
      this.#observe(made, error as RpcError, waiting);
      throw error;
    } finally {
      options?.signal?.removeEventListener("abort", onAbort);
      unlisten?.();
    }
  }

  #refuse(options: CallOptions | undefined, timeoutMs: number): void {
    const notSent = { details: { notSent: true } };
    if (this.#closed) {
      throw new RpcError(Code.Unavailable, `${this.address}: the channel is closed`, notSent);
    }
    if (options?.signal?.aborted) {
      throw new RpcError(Code.Canceled, "the call was given up before it began", notSent);
    }
    if (!(timeoutMs > 0)) {
      const code =
        options?.timeoutMs !== undefined && !(options.timeoutMs > 0) ? Code.InvalidArgument : Code.DeadlineExceeded;
      throw new RpcError(code, `timeoutMs ${timeoutMs} must be >= 1`, notSent);
    }
    if (this.#waiting.size >= this.#maxCalls) {
      throw new RpcError(
        Code.ResourceExhausted,
        `${this.address}: maxCalls ${this.#maxCalls} are outstanding`,
        notSent,
      );
    }
  }

  #encode(
    method: CallMethod,
    sequence: number,
    request: object,
    options: CallOptions | undefined,
    timeoutMs: number,
    { slab, at }: IdCell,
  ): Buffer {
    const context = currentContext();
    const parent = options?.parent ?? context;
    if (parent) {
      copyId(parent.traceId, slab, at + idOffset.trace, 16);
      copyId(parent.spanId, slab, at + idOffset.parent, 8);
    } else {
      clearId(slab, at + idOffset.parent, 8);
    }
    const fields = headFields(slab, at);
    fields.traceFlags = parent?.sampled === false ? 0 : 1;
    fields.timeoutMs = timeoutMs;
    fields.hops = context ? context.hops + 1 : 0;
    fields.retry = options?.isRetry || context?.isRetry ? 1 : 0;
    fields.coloring = options?.dyed || context?.dyed ? 1 : 0;
    const writer = takeWriter();
    try {
      fields.metadata = entriesToSend(options?.metadata, parent?.traceState);
      const frame = beginFrame(writer);
      method.head(options?.caller ?? this.#caller).encode(writer, sequence, fields);
      const body = endHead(writer, frame);
      method.request.encode(request, writer);
      endFrame(writer, frame, body, datagramLimits);
      return Buffer.from(writer.written());
    } catch (cause) {
      const tooLarge = (cause as { reason?: unknown }).reason === "too-large";
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new RpcError(
        tooLarge ? Code.ResourceExhausted : Code.InvalidArgument,
        `the request for ${method.name} cannot be sent over UDP: ${text}`,
        { cause, details: { notSent: true } },
      );
    } finally {
      returnWriter(writer);
    }
  }

  #observe(made: MadeCall, error: RpcError | undefined, { sentMs, responseBytes }: Waiting): void {
    if (!this.#observer) {
      return;
    }
    const record = this.#record;
    record.method = made.method.name;
    record.peerService = this.#peerService;
    record.peerInstance = this.address;
    record.ids = made.ids;
    record.idsAt = made.idsAt;
    const nowMs = performance.now();
    record.startUs = wallClockUs(made.startedMs);
    record.durationUs = (nowMs - made.startedMs) * 1000;
    record.queueUs = ((sentMs || nowMs) - made.startedMs) * 1000;
    record.code = error?.code ?? Code.Ok;
    record.message = error?.message ?? "";
    record.requestBytes = made.requestBytes;
    record.responseBytes = error === undefined ? responseBytes : 0;
    record.deadlineMs = Math.round(made.timeoutMs);
    record.attempt = made.attempt;
    record.routeVersion = made.routeVersion;
    this.#observer.onClientCall(record);
  }

  #send(sequence: number, frame: Buffer): void {
    this.#socket ??= this.#connect();
    this.#socket.then(
      (socket) => {
        const waiting = this.#waiting.get(sequence);
        if (waiting) {
          waiting.sentMs = performance.now();
        }
        socket.send(frame, (error) => {
          if (error) {
            this.#fail(sequence, rpcErrorFromNode(error, this.address));
          }
        });
      },
      (error: unknown) => {
        this.#socket = undefined;
        this.#fail(sequence, rpcErrorFromNode(error, this.address, { notSent: true }));
      },
    );
  }

  async #connect(): Promise<Socket> {
    const { address, port } = this.#target;
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    try {
      const connected = once(socket, "connect");
      // Connected, so that the system passes on only what comes from there, and tells when nobody listens.
      socket.connect(port, address);
      await connected;
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on("message", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#failAll(rpcErrorFromNode(error, this.address)));
    return socket;
  }

  #receive(bytes: Buffer): void {
    const span = parseDatagram(bytes);
    if (!span) {
      return;
    }
    try {
      this.#heads.decodeResponse(bytes, span.headStart, span.headEnd, head);
    } catch {
      // Not an answer that could be told apart from a forged one: the call goes on waiting.
      return;
    }
    const waiting = this.#waiting.get(head.sequence);
    if (!waiting) {
      return;
    }
    const { sequence } = waiting;
    if (head.err !== 0 || head.code !== 0) {
      this.#fail(sequence, errorFromHead(head));
      return;
    }
    try {
      const message = waiting.method.response.decode(bytes, span.bodyStart, span.bodyEnd);
      this.#waiting.delete(waiting);
      waiting.responseBytes = span.bodyEnd - span.bodyStart;
      waiting.resolve(message);
    } catch (cause) {
      const text = `the answer of ${waiting.method.name} cannot be read: ${(cause as Error).message}`;
      this.#fail(sequence, new RpcError(Code.Internal, text, { cause }));
    }
  }

  #expire(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { sequence, deadline, method } of this.#waiting.inOrder()) {
      if (deadline <= nowMs) {
        this.#fail(
          sequence,
          new RpcError(
            Code.DeadlineExceeded,
            `${method.name} at ${this.address}: no answer; it may be lost on either way`,
          ),
        );
      } else {
        next = Math.min(next, deadline);
      }
    }
    return next;
  }

  #failAll(error: RpcError): void {
    for (const { sequence } of this.#waiting.inOrder()) {
      this.#fail(sequence, error);
    }
  }

  #fail(sequence: number, error: RpcError): void {
    const waiting = this.#waiting.get(sequence);
    if (waiting) {
      this.#waiting.delete(waiting);
      waiting.reject(error);
    }
  }

  #nextSequence(): number {
    this.#sequence = this.#waiting.free(this.#sequence >= lastSequence ? 1 : this.#sequence + 1);
    return this.#sequence;
  }
}

function inRange(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`${name} ${value} must be an integer in 1…${max}`);
  }
  return value;
}
