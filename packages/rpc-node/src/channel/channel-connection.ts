import { connect as connectTcp, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Code, RpcError, type RpcErrorDetails } from "@msec/rpc";
import {
  beginFrame,
  describeFrameFault,
  encodeCancelHead,
  endFrame,
  endHead,
  FrameFault,
  type FrameLimits,
  type FrameSpan,
  type HeadDecoder,
  HeadFeature,
  RpcHead,
} from "@msec/wire";
import type { ChannelLimits } from "../limits.ts";
import { metadataFromEntries } from "../metadata.ts";
import { rpcErrorFromNode } from "../node-error.ts";
import { sharedReadBuffer } from "../read-buffer.ts";
import { SocketOutput } from "../socket-output.ts";
import { beginRead } from "../sole-reader.ts";
import { FrameInput } from "../srpc/frame-input.ts";
import { goAwaySequence } from "../srpc/go-away.ts";
import { type ChannelTls, isServerAccepted, nodeConnectTls } from "./channel-tls.ts";
import { errorFromHead } from "./error-from-head.ts";
import { type PendingCall, rejectCall } from "./pending-call.ts";
import { PendingCalls } from "./pending-calls.ts";

/** Where a channel leads. */
export type ChannelTarget = { readonly address: string; readonly port: number } | { readonly path: string };

/** What a connection tells the channel that owns it. */
export interface ConnectionOwner {
  /** Whether somebody wants to know when each call was handed to the socket. */
  readonly isObserved: boolean;
  connected(connection: ChannelConnection): void;
  /** Once, at the end: before `connected` it means that connecting failed. Outstanding calls have been failed. */
  disconnected(connection: ChannelConnection, error: RpcError): void;
  /** The server is stopping: no new calls on this connection. */
  leaving(connection: ChannelConnection): void;
  /** A call is over; `responseBytes` of its body. */
  /** `nowMs`: `performance.now()` of the read that ended it; 0 where none did. */
  settled(call: PendingCall, code: Code, message: string, responseBytes: number, nowMs: number): void;
  /** An answer that nobody waits for: given up, or never asked. */
  ignored(): void;
}

const head = new RpcHead();
const keepAliveMs = 15_000;

/** From this sequence on a connection is used up. The original takes 32 bits, and sequences of calls that still wait are passed over, of at most 1,000,000. */
const lastSequence = 0xffff_ffff - 2 ** 22;

/**
 * The client's end of one SRPC connection.
 *
 * States: `connecting` (calls are collected) → `open` → `ended`; `connecting` → `ended`. Caused by: the network, the server, `destroy`.
 */
export class ChannelConnection {
  readonly output: SocketOutput;
  readonly pending = new PendingCalls<PendingCall>();
  readonly address: string;
  isOpen = false;
  /** `performance.now()` of the read that is being taken, where calls are observed: for all its answers at once, for the clock costs 56 ns. */
  readMs = 0;
  /** Whether it ever was open: if not, its end is a failed connect. */
  wasOpen = false;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #heads: HeadDecoder;
  readonly #frameLimits: FrameLimits;
  readonly #input: FrameInput;
  #ended = false;
  /** The server said that it stops: what it has not answered when it closes was not executed. */
  #isLeaving = false;
  /** The server closed its side in order, after all that it had to say. */
  #sawEnd = false;
  /** What the first answer said; until then nobody knows. */
  #understandsCancel: boolean | undefined;
  #failure: RpcError | undefined;
  /** Where the frames of calls begin that wait for the connection, by sequence, in the order of `output`; they follow each other without a gap. */
  readonly #heldFrames = new Map<number, number>();
  /** Sequences up to this one have been handed to the socket. */
  #handedOver = 0;
  #lastSequence = 0;

  constructor(
    target: ChannelTarget,
    tls: ChannelTls | undefined,
    limits: ChannelLimits,
    heads: HeadDecoder,
    owner: ConnectionOwner,
  ) {
    this.#owner = owner;
    this.#heads = heads;
    this.address = formatTarget(target);
    this.#frameLimits = { maxFrameBytes: limits.frames.maxBytes, maxHeadBytes: limits.frames.maxHeadBytes };
    this.#input = new FrameInput(this, this.#frameLimits);
    this.#socket = this.#connect(target, tls);
    this.output = new SocketOutput(this.#socket);
    this.output.hold();
    this.#watch(tls, limits.connect.timeoutMs);
  }

  /** Whether it has given all its sequences. */
  get isUsedUp(): boolean {
    return this.#lastSequence >= lastSequence;
  }

  /** The sequence of the next call. */
  nextSequence(): number {
    return this.pending.free(this.#lastSequence + 1);
  }

  /** Remember a call whose frame has just been appended to `output` at `frameStart`, with the sequence that `nextSequence` gave. */
  add(call: PendingCall, frameStart: number): void {
    this.pending.add(call);
    if (!this.isOpen) {
      this.#heldFrames.set(call.sequence, frameStart);
    }
    this.#lastSequence = call.sequence;
    this.output.wrote();
  }

  /** Give a call up: its answer will be ignored. */
  giveUp(sequence: number, error: RpcError): void {
    const call = this.pending.get(sequence);
    if (call) {
      this.pending.delete(call);
      this.#fail(call, error);
    }
  }

  /** Give a call up and tell the server, unless it would not understand. */
  cancel(sequence: number, error: RpcError): void {
    if (!this.pending.get(sequence)) {
      return;
    }
    this.giveUp(sequence, error);
    if (this.#understandsCancel !== false && this.isOpen) {
      const { writer } = this.output;
      const frame = beginFrame(writer);
      encodeCancelHead(writer, sequence);
      endFrame(writer, frame, endHead(writer, frame), this.#frameLimits);
      this.output.wrote();
    }
  }

  /** End calls whose deadline has passed, or the time that they wait for the connection. @returns the earliest time left, `Infinity` for none */
  expire(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.pending.inOrder()) {
      const { deadline } = call;
      const until = this.isOpen || call.connectBy > deadline ? deadline : call.connectBy;
      if (until > nowMs) {
        next = Math.min(next, until);
      } else if (deadline > nowMs && call.connectBy !== 0) {
        // After a long turn timers come before what has arrived meanwhile, which may be that it is connected.
        call.connectBy = 0;
        next = Math.min(next, nowMs + 1);
      } else {
        this.giveUp(call.sequence, this.#late(call, Math.round(nowMs - call.startedMs)));
      }
    }
    return next;
  }

  #late(call: PendingCall, waitedMs: number): RpcError {
    const where = `${call.method.name} at ${this.address}`;
    return this.isOpen
      ? new RpcError(Code.DeadlineExceeded, `${where}: no answer in ${waitedMs} ms`)
      : new RpcError(
          Code.DeadlineExceeded,
          `${where}: no connection in ${waitedMs} ms, so nothing of the call was sent`,
          {
            details: { notSent: true },
          },
        );
  }

  /** Take the frames of calls that were given up meanwhile out of what waits for the connection: they may be on their way elsewhere. */
  #withdrawHeld(): void {
    if (this.#heldFrames.size === 0) {
      return;
    }
    const { writer } = this.output;
    const starts = [...this.#heldFrames.values(), writer.position];
    let at = starts[0]!;
    let index = 0;
    for (const sequence of this.#heldFrames.keys()) {
      const start = starts[index]!;
      const end = starts[++index]!;
      if (this.pending.get(sequence)) {
        writer.bytes.copyWithin(at, start, end);
        at += end - start;
      }
    }
    writer.truncate(at);
    this.#heldFrames.clear();
  }

  /** Close now; outstanding calls fail with `error`. */
  destroy(error: RpcError): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#end();
  }

  onFrame(bytes: Uint8Array, span: FrameSpan): void {
    try {
      this.#heads.decodeResponse(bytes, span.headStart, span.headEnd, head);
    } catch (cause) {
      this.destroy(new RpcError(Code.Unavailable, `${this.address}: an answer's head cannot be read`, { cause }));
      return;
    }
    const { sequence } = head;
    // The frame that says "stopping" answers no call, and need not be the first to come from a server that knows cancellations.
    if (this.#understandsCancel === undefined && sequence !== goAwaySequence) {
      this.#understandsCancel = (head.features & HeadFeature.Cancel) !== 0;
    }
    const call = this.pending.get(sequence);
    if (!call) {
      if (sequence === goAwaySequence && head.code === Code.Unavailable) {
        this.#isLeaving = true;
        this.#owner.leaving(this);
      } else {
        this.#owner.ignored();
      }
      return;
    }
    this.pending.delete(call);
    if (call.onReply) {
      tellReply(call.onReply, head);
    }
    if (head.err !== 0 || head.code !== 0) {
      this.#fail(call, errorFromHead(head));
      return;
    }
    let message: unknown;
    try {
      message = call.method.response.decode(bytes, span.bodyStart, span.bodyEnd);
    } catch (cause) {
      this.#fail(
        call,
        new RpcError(Code.Internal, `the answer of ${call.method.name} cannot be read: ${(cause as Error).message}`, {
          cause,
        }),
      );
      return;
    }
    call.unlisten?.();
    call.resolve(message);
    call.follower?.answered(this.readMs || performance.now());
    this.#owner.settled(call, Code.Ok, "", span.bodyEnd - span.bodyStart, this.readMs);
  }

  onBadFrame(fault: FrameFault, bytes: Uint8Array, _start: number, _end: number, span: FrameSpan): void {
    const text = `${this.address}: ${describeFrameFault(fault, this.#frameLimits)}; the connection is closed`;
    if (fault === FrameFault.FrameTooLarge) {
      try {
        this.#heads.decodeResponse(bytes, span.headStart, span.headEnd, head);
        this.giveUp(head.sequence as number, new RpcError(Code.ResourceExhausted, text));
      } catch {
        // Whose answer it was cannot be told: it fails with the rest below.
      }
    }
    this.destroy(new RpcError(Code.Unavailable, text));
  }

  #connect(target: ChannelTarget, tls: ChannelTls | undefined): Socket {
    const onread = {
      buffer: sharedReadBuffer(),
      callback: (length: number, bytes: Uint8Array) => {
        beginRead(this.output);
        this.readMs = this.#owner.isObserved ? performance.now() : 0;
        this.#input.push(bytes, length, 0);
        return true;
      },
    };
    const where = "path" in target ? { path: target.path } : { host: target.address, port: target.port };
    return tls
      ? connectTls({ ...where, ...nodeConnectTls(tls), onread } as never)
      : connectTcp({ ...where, noDelay: true, onread });
  }

  #watch(tls: ChannelTls | undefined, timeoutMs: number): void {
    const socket = this.#socket;
    const tooLate = () => {
      if (!this.isOpen) {
        this.destroy(
          new RpcError(Code.Unavailable, `${this.address}: not connected within connect.timeoutMs ${timeoutMs}`),
        );
      }
    };
    // Not at once: after a long turn timers come before what has arrived meanwhile.
    const timer = setTimeout(() => setImmediate(tooLate), timeoutMs);
    socket.once(tls ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      if (tls && !isServerAccepted(tls, socket as TLSSocket)) {
        this.destroy(
          new RpcError(Code.Unauthenticated, `${this.address}: the server's certificate is not the expected one`),
        );
        return;
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      this.isOpen = true;
      this.wasOpen = true;
      this.output.onFlush(() => this.#flushed());
      this.#owner.connected(this);
      this.#withdrawHeld();
      this.output.release();
    });
    socket.on("error", (error) => {
      this.#failure ??= rpcErrorFromNode(error, this.address);
    });
    socket.on("end", () => {
      this.#sawEnd = true;
      socket.destroy();
    });
    socket.on("close", () => {
      clearTimeout(timer);
      this.#end();
    });
  }

  #flushed(): void {
    if (!this.#owner.isObserved) {
      this.#handedOver = this.#lastSequence;
      return;
    }
    const sentMs = performance.now();
    for (let sequence = this.#handedOver + 1; sequence <= this.#lastSequence; sequence++) {
      const call = this.pending.get(sequence);
      if (call) {
        call.sentMs = sentMs;
      }
    }
    this.#handedOver = this.#lastSequence;
  }

  #end(): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.isOpen = false;
    this.output.discard();
    const failure =
      this.#failure ?? new RpcError(Code.Unavailable, `${this.address}: the other end closed the connection`);
    for (const call of this.pending.take()) {
      const { code, message, cause } = failure;
      this.#fail(call, new RpcError(code, message, { cause, details: this.#detailsOfUnanswered(call.sequence) }));
    }
    this.#owner.disconnected(this, failure);
  }

  /** What is certain of a call that the end of the connection left without an answer. */
  #detailsOfUnanswered(sequence: number): RpcErrorDetails {
    if (sequence > this.#handedOver) {
      return { notSent: true };
    }
    return this.#isLeaving && this.#sawEnd ? { notExecuted: true } : {};
  }

  #fail(call: PendingCall, error: RpcError): void {
    call.unlisten?.();
    rejectCall(call, error);
    this.#owner.settled(call, error.code, error.message, 0, 0);
  }
}

/** `127.0.0.1:7963` or `unix:/path`. */
export function formatTarget(target: ChannelTarget): string {
  if ("path" in target) {
    return `unix:${target.path}`;
  }
  return target.address.includes(":") ? `[${target.address}]:${target.port}` : `${target.address}:${target.port}`;
}

// What the caller's own function throws must not end the connection of all others; it is told as any error that nobody catches.
function tellReply(onReply: (metadata: Readonly<Record<string, string>>) => void, answer: RpcHead): void {
  try {
    onReply(metadataFromEntries(answer.metadata) ?? Object.create(null));
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
