import { performance } from "node:perf_hooks";
import type { CallContext } from "./call-context.ts";
import { clearId, copyId, idOffset, joinIds, takeRootIds } from "./call-ids.ts";
import { createReply, type Reply } from "./reply.ts";
import type { RpcError } from "./rpc-error.ts";
import { hexFromBytes, traceStateOf } from "./trace-parent.ts";

/** The other end of a connection, shared by all its calls. */
export interface PeerInfo {
  /** `127.0.0.1:40312`, `unix:`. */
  readonly address: string;
  /** SHA-256 of its certificate, lower-case hex. */
  readonly certificate: string | undefined;
}

/** What a protocol knows of a request when it arrives. */
export interface ArrivedCall {
  readonly method: string;
  readonly caller: string;
  readonly peer: PeerInfo;
  /** `performance.now()` of the read. */
  readonly receivedMs: number;
  /** On the `performance.now()` clock; `Infinity` for none. */
  readonly deadline: number;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly requestBytes: number;
  /** Services that it has been through; default 0. */
  readonly hops?: number | undefined;
  /** Whether it is part of a repeated call; default false. */
  readonly isRetry?: boolean | undefined;
  /** `performance.now()` since when the whole request is there and waits for nothing but this process; default 0: nobody knows. */
  readonly waitingSinceMs?: number | undefined;
}

const noMetadata: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/**
 * One request being served: the context that handlers see, and what the protocol keeps for its answer.
 *
 * States: `running` → `answered` (a response or an error was sent) or `abandoned` (nobody is there to hear it). A handler may
 * still run after either; its result is then dropped. Only `CallServer` moves it on. Everything that most handlers never
 * look at (ids, hex, signal) is made when first asked for.
 */
export abstract class ServedCall implements CallContext {
  readonly method: string;
  readonly caller: string;
  readonly deadline: number;
  readonly receivedMs: number;
  /** Of the encoded request body; what streams counts it as it comes. */
  requestBytes: number;
  readonly hops: number;
  readonly isRetry: boolean;
  /** `performance.now()` since when only this process has kept it waiting; 0 where nobody knows. Protocols whose bodies come later set it then. */
  waitingSinceMs: number;
  /** `performance.now()` when it was last asked whether it may run; 0 where the time was of no interest. */
  admittedMs = 0;
  /** `performance.now()` when the handler was called. */
  startedMs = 0;
  /** Its place among the calls whose handlers run, which its `CallServer` keeps. */
  waitingAt = -1;
  /** Whether the answer is out, or nobody waits for it any more. */
  settled = false;
  sampled = true;
  dyed = false;
  /** Has its ids from `idsAt` on, as `CallRecord.ids`; shared with other calls. */
  readonly ids: Uint8Array;
  readonly idsAt: number;
  readonly #peer: PeerInfo;
  readonly #metadata: Readonly<Record<string, string>> | undefined;
  #traceState = "";
  #reply: Reply | undefined;
  #canceled: Error | undefined;
  #controller: AbortController | undefined;
  #listeners: Set<(reason: Error) => void> | undefined;

  constructor(arrived: ArrivedCall) {
    this.method = arrived.method;
    this.caller = arrived.caller;
    this.deadline = arrived.deadline;
    this.receivedMs = arrived.receivedMs;
    this.requestBytes = arrived.requestBytes;
    this.hops = arrived.hops ?? 0;
    this.isRetry = arrived.isRetry ?? false;
    this.waitingSinceMs = arrived.waitingSinceMs ?? 0;
    this.#peer = arrived.peer;
    this.#metadata = arrived.metadata;
    const ids = takeRootIds();
    this.ids = ids.slab;
    this.idsAt = ids.at;
  }

  /** Send the response. @returns bytes of its body. @throws where it cannot be encoded; nothing is sent then */
  abstract respond(fields: object): number;

  /** Send a failure; must not throw. */
  abstract respondError(error: RpcError): void;

  /** Take the trace (16 bytes) and its span (8 bytes) from the caller. */
  joinTrace(traceId: Uint8Array, spanId: Uint8Array, sampled: boolean): void {
    copyId(traceId, this.ids, this.idsAt + idOffset.trace, 16);
    copyId(spanId, this.ids, this.idsAt + idOffset.parent, 8);
    this.sampled = sampled;
  }

  /** The same from 24 bytes as six integers, in the machine's order: trace id, then the caller's span. */
  joinTraceIds(trace: Int32Array, sampled: boolean): void {
    joinIds(this.ids, this.idsAt, trace);
    this.sampled = sampled;
  }

  /** Take the `tracestate` that came with the trace, where it is one. */
  joinTraceState(text: string): void {
    this.#traceState = traceStateOf(text);
  }

  /** Take the trace from a caller that knows only the original's `flow_id`, given as its two halves. */
  joinFlow(low: number, high: number): void {
    const at = this.idsAt + idOffset.trace;
    clearId(this.ids, at, 8);
    const view = new DataView(this.ids.buffer, this.ids.byteOffset + at, 16);
    view.setInt32(8, high);
    view.setInt32(12, low);
  }

  get traceId(): Uint8Array {
    return this.ids.subarray(this.idsAt, this.idsAt + 16);
  }

  get spanId(): Uint8Array {
    return this.ids.subarray(this.idsAt + idOffset.span, this.idsAt + idOffset.parent);
  }

  get parentSpanId(): Uint8Array {
    return this.ids.subarray(this.idsAt + idOffset.parent, this.idsAt + idOffset.end);
  }

  get requestId(): string {
    return hexFromBytes(this.traceId);
  }

  // Over SRPC it comes beside what callers send themselves.
  get traceState(): string {
    return this.#traceState || (this.#metadata === undefined ? "" : traceStateOf(this.#metadata.tracestate));
  }

  get peer(): string {
    return this.#peer.address;
  }

  get connection(): object {
    return this.#peer;
  }

  get peerCertificate(): string | undefined {
    return this.#peer.certificate;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#metadata ?? noMetadata;
  }

  get reply(): Reply {
    this.#reply ??= createReply();
    return this.#reply;
  }

  /** The reply where the handler asked for one: what a protocol reads, so that most calls never have the object. */
  get givenReply(): Reply | undefined {
    return this.#reply;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#canceled) {
        this.#controller.abort(this.#canceled);
      }
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return this.deadline === Number.POSITIVE_INFINITY ? this.deadline : Math.max(0, this.deadline - performance.now());
  }

  onCancel(listener: (reason: Error) => void): () => void {
    if (this.#canceled) {
      listener(this.#canceled);
      return () => {};
    }
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Tell the handler and everything that it started to stop. Does nothing the second time. */
  cancel(reason: Error): void {
    if (this.#canceled) {
      return;
    }
    this.#canceled = reason;
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners) {
      for (const listener of listeners) {
        listener(reason);
      }
    }
  }
}
