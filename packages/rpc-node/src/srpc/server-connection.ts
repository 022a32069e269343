import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import {
  type ArrivedCall,
  type CallServer,
  Code,
  type MethodTable,
  type PeerInfo,
  PlaceSet,
  type Reply,
  RpcError,
  type ServedMethod,
} from "@msec/rpc";
import {
  describeFrameFault,
  FrameFault,
  type FrameLimits,
  type FrameSpan,
  type HeadDecoder,
  HeadFeature,
  type ResponseHeadFields,
  type RpcHead,
  WireError,
  WireReason,
} from "@msec/wire";
import type { ListenerLimits } from "../limits.ts";
import { entriesFromReply, metadataFromEntries } from "../metadata.ts";
import type { RunningRequests } from "../running-requests.ts";
import { SocketOutput } from "../socket-output.ts";
import { beginRead } from "../sole-reader.ts";
import { isPresenceCheck } from "../system/presence-check.ts";
import type { UnreadAnswers } from "../unread-answers.ts";
import { assumedMs, expectedAnswerBytes, stopAssuming } from "./answer-size.ts";
import { FrameInput } from "./frame-input.ts";
import { writeGoAway } from "./go-away.ts";
import { returnHead, takeEmptyHead, takeHead } from "./head-pool.ts";
import { writeErrorFrame } from "./response-frame.ts";
import { SrpcCall } from "./srpc-call.ts";

/** What all SRPC connections of one listener share. */
export interface SrpcServerShared {
  readonly calls: CallServer;
  readonly methods: MethodTable<never>;
  readonly limits: ListenerLimits;
  readonly frameLimits: FrameLimits;
  readonly heads: HeadDecoder;
  readonly unread: UnreadAnswers;
  readonly requests: RunningRequests;
  /** Where a message says that there is no such method: `in L1.L2`, or "here". */
  readonly place: string;
}

// One object for all requests of the process: it is filled, and a call made of it, at once.
const arriving: { -readonly [K in keyof ArrivedCall]: ArrivedCall[K] } = {
  method: "",
  caller: "",
  peer: { address: "", certificate: undefined },
  receivedMs: 0.5,
  deadline: 0.5,
  metadata: undefined,
  requestBytes: 0,
  hops: 0,
  isRetry: false,
  waitingSinceMs: 0.5,
};

const noCalls = new PlaceSet<SrpcCall>();

/**
 * How long a connection that is being closed stays: after its last answer it swallows input, so that the answer is not lost to
 * a reset; and after the peer closed its side, calls that run may still be answered.
 */
const lingerMs = 1000;

/**
 * The server's end of one SRPC connection: requests pipelined, answered as they finish, matched by sequence.
 *
 * States: `open` → `blocked` (the peer does not read its answers: nothing more is read) → `open` …; any → `closing` (bad input
 * was answered, what still comes is ignored) → closed. Caused by: the peer, the limits, the listener's close.
 */
export class SrpcServerConnection {
  readonly output: SocketOutput;
  readonly #socket: Socket;
  readonly #peer: PeerInfo;
  readonly #shared: SrpcServerShared;
  readonly #input: FrameInput;
  /** Made with the first call whose handler does not answer at once: a set is 150 bytes of each idle connection. */
  #running: PlaceSet<SrpcCall> = noCalls;
  /** Cancellations that may still be looked up. */
  #searches = 0;
  #readMs = 0;
  /** Since when requests that are at hand wait for this process only: the last read, or the end of what the peer itself held up. */
  #waitingSinceMs = 0;
  /** Something was read or answered since the listener last looked: it looks now and then, a call costs no clock. */
  #wasActive = true;
  #activeMs = 0;
  #closing = false;
  /** The peer does not read its answers. */
  #isBlocked = false;
  /** The calls that run take all the memory that they may. */
  #isFull = false;
  /** Bytes of the requests that run. */
  #requestBytes = 0;
  /** What their answers are expected to be. */
  #expectedBytes = 0;
  /** Bytes of a frame that was not whole after the last read; most reads end with a frame, and then nothing is counted. */
  #heldBytes = 0;
  /** The socket has a timeout, because answers were unread. */
  #isTimed = false;
  /** What of the listener's memory for unread answers it has taken. */
  #unreadBytes = 0;
  /** The peer sends head fields of ours, so it is no client of the original, which would take a frame it did not ask for as its answer. */
  #speaksOurs = false;
  /** Its first answer is to say what this server understands. */
  #mustIntroduce = false;
  /** It is to be told to call elsewhere, as soon as it is known to understand. */
  #isLeaving = false;

  constructor(socket: Socket, peer: PeerInfo, shared: SrpcServerShared) {
    this.#socket = socket;
    this.#peer = peer;
    this.#shared = shared;
    this.output = new SocketOutput(socket, shared.limits.unsent.bytes, () => this.#block());
    this.#input = new FrameInput(this, this.frameLimits);
    this.#readMs = performance.now();
  }

  /** Take what was read. */
  read(bytes: Uint8Array, length: number): void {
    this.#readMs = performance.now();
    this.#waitingSinceMs = this.#readMs;
    this.#wasActive = true;
    if (!this.#closing) {
      beginRead(this.output);
      const { calls } = this.#shared;
      calls.beginRead(this.#readMs);
      this.#input.push(bytes, length, this.#readMs);
      calls.endRead();
      if (this.#input.heldBytes !== this.#heldBytes) {
        this.#countHeld();
      }
    }
  }

  /** Whether the listener should close it now: no call for too long, or a frame that never gets complete. */
  isStale(nowMs: number): boolean {
    const { connections, frames } = this.#shared.limits;
    const { heldSinceMs } = this.#input;
    if (heldSinceMs !== 0 && !this.#socket.isPaused() && nowMs - heldSinceMs > frames.completeMs) {
      return true;
    }
    if (this.#socket.writableLength > 0) {
      this.#watchUnread();
    }
    if (this.#wasActive || this.#running.size > 0) {
      this.#wasActive = false;
      this.#activeMs = nowMs;
      return false;
    }
    if (connections.idleMs === 0 || nowMs - this.#activeMs <= connections.idleMs) {
      return false;
    }
    if (this.#speaksOurs && !this.#isLeaving) {
      // A call may be on its way to us just now: closed without a word it would fail. The client leaves by itself; if not, it is closed the next time.
      this.announceStop();
      return false;
    }
    return true;
  }

  get frameLimits(): FrameLimits {
    return this.#shared.frameLimits;
  }

  /** Handlers that run for this connection. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** The answer of a call is written. */
  finished(call: SrpcCall): void {
    // Most calls were never in it: their handlers answered at once.
    if (call.runningAt >= 0) {
      this.#runsNoMore(call);
      this.#count(-call.requestBytes, -call.expectedBytes);
    }
    this.#mustIntroduce = false;
    this.#wasActive = true;
    if (this.#closing && this.#running.size === 0) {
      this.#end();
    }
  }

  #runsNoMore(call: SrpcCall): void {
    const moved = this.#running.removeAt(call.runningAt);
    if (moved !== undefined) {
      moved.runningAt = call.runningAt;
    }
    call.runningAt = -1;
  }

  /** What an answer's head says beside what it echoes; nearly always nothing. @throws RpcError  metadata that cannot be sent */
  answerFields(reply: Reply | undefined): ResponseHeadFields | undefined {
    if (!reply && !this.#mustIntroduce) {
      return undefined;
    }
    return {
      metadata: reply && entriesFromReply(reply),
      features: this.#mustIntroduce ? HeadFeature.Cancel : undefined,
    };
  }

  /** Tell a client that understands it to call elsewhere from now on. Whether what it sends all the same is refused is the listener's affair. */
  announceStop(): void {
    this.#isLeaving = true;
    if (this.#speaksOurs && !this.#closing) {
      writeGoAway(this.output.writer, this.frameLimits);
      this.output.wrote();
    }
  }

  /** Write what there is, then close; calls that run are answered first. */
  closeGently(): void {
    this.#closing = true;
    if (this.#running.size === 0) {
      this.#end();
    }
  }

  onFrame(bytes: Uint8Array, span: FrameSpan): void {
    if (this.#closing) {
      return;
    }
    const head = takeHead();
    const { heads, methods, calls, limits } = this.#shared;
    try {
      heads.decodeRequest(bytes, span.headStart, span.headEnd, head);
    } catch (thrown) {
      this.#refuseHead(head, thrown);
      return;
    }
    if (head.cancel !== 0) {
      this.#giveUp(head);
      return;
    }
    const method = methods.find(head.method.text);
    const call = this.#arrived(head, method, span.bodyEnd - span.bodyStart);
    if (!method && isPresenceCheck(head.method.text)) {
      call.settled = true;
      call.respondError(unknownMethod(head, methods, this.#shared.place));
      return;
    }
    const refusal =
      (method ? undefined : unknownMethod(head, methods, this.#shared.place)) ??
      calls.admit(call) ??
      (this.#running.size < limits.calls.maxPerConnection ? undefined : this.#tooMany());
    if (refusal) {
      calls.refuse(call, refusal);
      return;
    }
    let request: unknown;
    try {
      request = method!.request.decode(bytes, span.bodyStart, span.bodyEnd);
    } catch (thrown) {
      calls.refuse(call, badBody(method!, thrown));
      return;
    }
    calls.serve(call, method!, request);
    if (!call.settled) {
      if (this.#running === noCalls) {
        this.#running = new PlaceSet();
      }
      call.runningAt = this.#running.add(call);
      this.#searches = Math.min(this.#searches + 1, limits.calls.maxPerConnection);
      call.expectedBytes = expectedAnswerBytes(method!);
      this.#count(call.requestBytes, call.expectedBytes);
      if (this.#isFull && method!.answerBytes < 0) {
        this.#stopAssumingSoon(method!);
      }
    }
  }

  onBadFrame(fault: FrameFault, bytes: Uint8Array, _start: number, _end: number, span: FrameSpan): void {
    const tooLarge = fault === FrameFault.FrameTooLarge;
    const head = takeEmptyHead();
    if (tooLarge || fault === FrameFault.BadEnd) {
      try {
        this.#shared.heads.decodeRequest(bytes, span.headStart, span.headEnd, head);
      } catch {
        // Answered all the same, with what of the head could be read; without a sequence the sender cannot match it, but a person can read it.
      }
    }
    const error = new RpcError(
      tooLarge || fault === FrameFault.HeadTooLarge ? Code.ResourceExhausted : Code.InvalidArgument,
      `${describeFrameFault(fault, this.frameLimits)}; the connection is closed`,
      { details: { ret: -3 } },
    );
    this.#refuseConnection(head, error);
  }

  #arrived(head: RpcHead, method: ServedMethod | undefined, requestBytes: number): SrpcCall {
    const arrived = arriving;
    arrived.method = method ? method.name : head.method.text;
    arrived.caller = head.caller.text;
    arrived.peer = this.#peer;
    arrived.receivedMs = this.#readMs;
    arrived.deadline = head.timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#readMs + head.timeoutMs;
    arrived.metadata = metadataFromEntries(head.metadata);
    arrived.requestBytes = requestBytes;
    arrived.hops = head.hops;
    arrived.isRetry = head.retry !== 0;
    arrived.waitingSinceMs = this.#waitingSinceMs;
    const call = new SrpcCall(arrived, this, method, head);
    if (head.hasTrace) {
      if (!this.#speaksOurs) {
        this.#speaksOurs = true;
        this.#mustIntroduce = true;
        if (this.#isLeaving) {
          this.announceStop();
        }
      }
      call.joinTraceIds(head.traceWords, (head.traceFlags & 1) === 1);
    } else if (head.hasFlowId) {
      call.joinFlow(head.flowIdLow, head.flowIdHigh);
    }
    if (head.coloring) {
      call.dyed = true;
    }
    if (!head.hasFlowId) {
      head.setFlowIdFromTrace(call.ids, call.idsAt);
    }
    return call;
  }

  // Looks through what runs: at most `calls.maxPerConnection`, and a map of all calls for the few that are given up would cost every call. A peer
  // cannot make more than one such search of each call that it has made.
  #giveUp(head: RpcHead): void {
    const { sequence } = head;
    returnHead(head);
    if (this.#searches === 0) {
      return;
    }
    this.#searches--;
    for (const call of this.#running) {
      if (call.sequence === sequence) {
        this.#shared.calls.abandon(call, new RpcError(Code.Canceled, "the caller gave the call up"));
        this.finished(call);
        return;
      }
    }
  }

  #tooMany(): RpcError {
    return new RpcError(
      Code.ResourceExhausted,
      `this connection already runs calls.maxPerConnection ${this.#shared.limits.calls.maxPerConnection} calls`,
      { details: { notExecuted: true } },
    );
  }

  #refuseHead(head: RpcHead, thrown: unknown): void {
    const tooLarge = thrown instanceof WireError && thrown.reason === WireReason.TooLarge;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new RpcError(tooLarge ? Code.ResourceExhausted : Code.InvalidArgument, `bad head: ${text}`, {
      cause: thrown,
      details: { ret: -4 },
    });
    if (head.hasSequence) {
      // The frame's borders are sound, so the connection can go on.
      writeErrorFrame(this.output.writer, head, error, this.frameLimits);
      this.output.wrote();
      returnHead(head);
    } else {
      this.#refuseConnection(head, error);
    }
  }

  #refuseConnection(head: RpcHead, error: RpcError): void {
    writeErrorFrame(this.output.writer, head, error, this.frameLimits);
    this.output.wrote();
    returnHead(head);
    this.closeGently();
  }

  // Called again while it is blocked: handlers that ran already go on answering.
  #block(): void {
    this.#watchUnread();
    if (this.#isBlocked || this.#socket.destroyed) {
      return;
    }
    this.#isBlocked = true;
    this.#input.pause();
    this.#socket.pause();
    this.#socket.once("drain", () => {
      this.#isBlocked = false;
      this.#countUnread(0);
      this.#waitingSinceMs = performance.now();
      this.#continue();
    });
  }

  /** The listener's memory for requests has room again. */
  readOn(): void {
    this.#count(0, 0);
  }

  // Where requests are read no further, what waits does so in the kernel's buffers and at the peer, which hears nothing but TCP's own back-pressure.
  // What answers are expected to be counts for this connection only: a thousand peers that each wait for an event must not stop one another.
  #count(requestBytes: number, expectedBytes: number): void {
    const { requests, limits } = this.#shared;
    this.#requestBytes += requestBytes;
    this.#expectedBytes += expectedBytes;
    requests.add(requestBytes);
    const isOwn = this.#requestBytes + this.#expectedBytes > limits.calls.maxBytesPerConnection;
    const isFull = isOwn || !requests.hasRoom;
    if (isFull && !isOwn) {
      requests.wait(this);
    }
    if (isFull === this.#isFull) {
      return;
    }
    this.#isFull = isFull;
    if (isFull) {
      this.#input.pause();
      this.#socket.pause();
    } else {
      // Not here: an answer may just be on its way into the output.
      queueMicrotask(() => this.#continue());
    }
  }

  // Parts of frames count with the HTTP bodies that are still coming: who passes the bound is refused, as there.
  #countHeld(): void {
    const { heldBytes } = this.#input;
    const more = heldBytes - this.#heldBytes;
    this.#heldBytes = heldBytes;
    const { requests, limits } = this.#shared;
    // What waits because we read no further was not the peer's to finish.
    if (more === 0 || requests.arrive(more) || more < 0 || this.#isFull || this.#isBlocked || this.#closing) {
      return;
    }
    requests.arrive(-heldBytes);
    this.#heldBytes = 0;
    const head = takeEmptyHead();
    this.#input.abandon((bytes, span, end) => {
      try {
        if (span.headEnd <= end) {
          this.#shared.heads.decodeRequest(bytes, span.headStart, span.headEnd, head);
        }
      } catch {
        // As in `onBadFrame`.
      }
    });
    const error = new RpcError(
      Code.ResourceExhausted,
      `requests that are still coming take more than calls.maxBytes ${limits.calls.maxBytes} on all connections together; the connection is closed`,
      { details: { ret: -3, notExecuted: true } },
    );
    this.#refuseConnection(head, error);
  }

  #stopAssumingSoon(method: ServedMethod): void {
    const timer = setTimeout(() => {
      stopAssuming(method);
      for (const call of this.#running) {
        if (call.method === method.name) {
          const expected = expectedAnswerBytes(method);
          this.#count(0, expected - call.expectedBytes);
          call.expectedBytes = expected;
        }
      }
    }, assumedMs);
    timer.unref();
  }

  /** Read on, when nothing speaks against it. */
  #continue(): void {
    if (!this.#isBlocked && !this.#isFull && !this.#socket.destroyed) {
      this.#socket.resume();
      this.#input.resume(this.#waitingSinceMs);
      this.#countHeld();
    }
  }

  /** Answers are unread: not too many, and not for too long? Asked when blocked, and by the listener now and then. */
  #watchUnread(): void {
    const socket = this.#socket;
    const { maxBytes, stalledMs } = this.#shared.limits.unsent;
    const bytes = this.output.unsentBytes;
    if (!this.#countUnread(bytes) || bytes > maxBytes) {
      socket.destroy();
      // Not only when the socket says so, a turn later: until then thousands of handlers may still answer into it.
      this.closed();
    } else if (!this.#isTimed) {
      // Node's own timeout begins anew with every byte that the peer takes, within one large write too.
      this.#isTimed = true;
      socket.setTimeout(stalledMs, () => {
        this.#isTimed = false;
        socket.setTimeout(0);
        if (socket.writableLength > 0) {
          socket.destroy();
        } else {
          this.#countUnread(0);
        }
      });
    }
  }

  #countUnread(bytes: number): boolean {
    const more = bytes - this.#unreadBytes;
    this.#unreadBytes = bytes;
    return this.#shared.unread.add(more);
  }

  #end(): void {
    this.output.flush();
    if (!this.#socket.destroyed) {
      this.#socket.end();
      this.#socket.resume();
      setTimeout(() => this.#socket.destroy(), lingerMs).unref();
    }
  }

  /**
   * The peer closed its side. Whether it still reads (a script that sent all its requests) or is gone, nobody can tell: it gets
   * the answers that are ready soon, then what still runs is cancelled.
   */
  ended(): void {
    this.closeGently();
    setTimeout(() => this.#socket.destroy(), lingerMs).unref();
  }

  /** The socket is closed. */
  closed(): void {
    this.#closing = true;
    this.#countUnread(0);
    const { requests } = this.#shared;
    requests.leave(this);
    requests.add(-this.#requestBytes);
    requests.arrive(-this.#heldBytes);
    this.#heldBytes = 0;
    this.#requestBytes = 0;
    this.#expectedBytes = 0;
    if (this.#running.size === 0) {
      return;
    }
    const gone = new RpcError(Code.Canceled, "the caller closed the connection");
    for (const call of this.#running) {
      this.#runsNoMore(call);
      this.#shared.calls.abandon(call, gone);
    }
  }
}

function unknownMethod(head: RpcHead, methods: MethodTable<never>, place: string): RpcError {
  if (methods.findStream(head.method.text)) {
    return new RpcError(
      Code.Unimplemented,
      `${head.method.text} is a streaming method, which SRPC does not carry; call it by gRPC, gRPC-Web or Connect on this port`,
      { details: { ret: -6, notExecuted: true } },
    );
  }
  return new RpcError(Code.Unimplemented, `no method ${JSON.stringify(head.method.text.slice(0, 200))} ${place}`, {
    details: { ret: -6, notExecuted: true },
  });
}

function badBody(method: ServedMethod, thrown: unknown): RpcError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new RpcError(Code.InvalidArgument, `the body is not a ${method.desc.input.typeName}: ${text}`, {
    cause: thrown,
    details: { ret: -5 },
  });
}
