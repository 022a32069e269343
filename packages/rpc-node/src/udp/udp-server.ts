import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { type CallServer, Code, type MethodTable, RpcError, type ServedMethod } from "@msec/rpc";
import { type FrameSpan, type HeadDecoder, RpcHead, WireError, WireReason } from "@msec/wire";
import type { ListenerLimits } from "../limits.ts";
import { metadataFromEntries } from "../metadata.ts";
import { formatAddress } from "../socket-address.ts";
import { isPresenceCheck } from "../system/presence-check.ts";
import { parseDatagram } from "./datagram.ts";
import { isPrivatePeer } from "./private-peer.ts";
import { UdpCall } from "./udp-call.ts";

/** How a listener serves UDP. */
export interface UdpOptions {
  /**
   * `private` (the default): datagrams of addresses that are neither of this machine nor of a private network are dropped. `any`: they are
   * served too, but since a sender's address may be forged, nothing is sent that is longer than what asked for it: a longer answer
   * becomes an error, and a longer error is dropped.
   */
  readonly peers?: "private" | "any" | undefined;
  /**
   * How long a call runs at most, in milliseconds, 1…2_147_483_647; default 30_000. Over TCP a caller that goes away is noticed, here it is not: handlers that wait would run
   * for ever for whoever asked and, `calls.maxPerConnection` of them, shut everybody else out.
   */
  readonly callMs?: number | undefined;
}

/** What has become of datagrams. */
export interface UdpCounts {
  /** Datagrams that came. */
  received: number;
  /** Came and were not answered: no frame, no sequence, somebody's answer, or from an address that is not served. */
  dropped: number;
  /** Answers that were not sent, because they are longer than a request whose sender may be forged, or the system refused them. */
  unsent: number;
}

/** What the UDP side shares with the rest of its listener. */
export interface UdpShared {
  readonly calls: CallServer;
  readonly methods: MethodTable<never>;
  readonly limits: ListenerLimits;
  readonly heads: HeadDecoder;
}

/** SRPC over UDP: one frame a datagram, nothing repeated, nothing ordered. */
export class UdpServer {
  readonly counts: UdpCounts = { received: 0, dropped: 0, unsent: 0 };
  readonly #shared: UdpShared;
  readonly #isOpenToAll: boolean;
  readonly #callMs: number;
  #socket: Socket | undefined;
  #running = 0;

  constructor(shared: UdpShared, options: UdpOptions) {
    this.#shared = shared;
    this.#isOpenToAll = options.peers === "any";
    const { callMs = 30_000 } = options;
    if (!(Number.isInteger(callMs) && callMs >= 1 && callMs <= 0x7fff_ffff)) {
      throw new RangeError(`udp.callMs ${callMs} must be an integer in 1…2147483647`);
    }
    this.#callMs = callMs;
  }

  /** @throws Error of Node (EADDRINUSE, …) with `isUdp: true`: in a cluster's worker a taken TCP port looks the same otherwise */
  async bind(address: string, port: number): Promise<void> {
    const socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4" });
    try {
      const listening = once(socket, "listening");
      socket.bind({ address, port, exclusive: false });
      await listening;
    } catch (error) {
      socket.close();
      throw Object.assign(error as Error, { isUdp: true });
    }
    // Nothing that a datagram can cause may end the process; what is lost, its sender notices by its own time-out.
    socket.on("error", () => {});
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    this.#socket = socket;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    }
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    this.counts.received++;
    // Port 0 cannot be answered.
    const isServed = from.port !== 0 && (this.#isOpenToAll || isPrivatePeer(from.address));
    const span = isServed ? parseDatagram(bytes) : undefined;
    if (!span || !this.#serve(bytes, span, from)) {
      this.counts.dropped++;
    }
  }

  /** @returns whether it was a request that can be answered */
  #serve(bytes: Buffer, span: FrameSpan, from: RemoteInfo): boolean {
    const { heads, methods, calls } = this.#shared;
    const head = new RpcHead();
    let failure: RpcError | undefined;
    try {
      heads.decodeRequest(bytes, span.headStart, span.headEnd, head);
    } catch (thrown) {
      failure = badHead(thrown);
    }
    if (!head.hasSequence || isAnswer(head) || head.cancel !== 0) {
      return false;
    }
    const method = methods.find(head.method.text);
    const call = this.#arrived(head, method, span.bodyEnd - span.bodyStart, bytes.length, from);
    failure ??= (method ? undefined : unknownMethod(head)) ?? calls.admit(call) ?? this.#tooMany();
    let request: unknown;
    try {
      request = failure ? undefined : method!.request.decode(bytes, span.bodyStart, span.bodyEnd);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      failure = new RpcError(Code.InvalidArgument, `the body is not a ${method!.desc.input.typeName}: ${text}`, {
        cause,
        details: { ret: -5 },
      });
    }
    // Each call that is admitted is answered exactly once: that is when it no longer counts.
    this.#running++;
    if (!method && isPresenceCheck(head.method.text)) {
      call.settled = true;
      call.respondError(failure ?? unknownMethod(head));
    } else if (failure) {
      calls.refuse(call, failure);
    } else {
      calls.serve(call, method!, request);
    }
    return true;
  }

  #arrived(
    head: RpcHead,
    method: ServedMethod | undefined,
    requestBytes: number,
    datagramBytes: number,
    from: RemoteInfo,
  ): UdpCall {
    const receivedMs = performance.now();
    const call = new UdpCall(
      {
        method: method ? method.name : head.method.text,
        caller: head.caller.text,
        peer: { address: formatAddress(from.address, from.port), certificate: undefined },
        receivedMs,
        deadline: receivedMs + Math.min(head.timeoutMs || this.#callMs, this.#callMs),
        metadata: metadataFromEntries(head.metadata),
        requestBytes,
        hops: head.hops,
        isRetry: head.retry !== 0,
      },
      method,
      head,
      (frame, answered) => this.#answer(frame, answered, datagramBytes, from),
    );
    if (head.hasTrace) {
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

  #answer(frame: Uint8Array, call: UdpCall, askedBytes: number, from: RemoteInfo): void {
    if (this.#isOpenToAll && frame.length > askedBytes && !isPrivatePeer(from.address)) {
      if (!call.isRefusedForLength) {
        call.isRefusedForLength = true;
        call.respondError(
          new RpcError(
            Code.ResourceExhausted,
            "answers to public addresses are not longer than requests; call over TCP",
          ),
        );
        return;
      }
      this.counts.unsent++;
      this.#running--;
      return;
    }
    this.#running--;
    // The writer's memory is used again, and the system takes the datagram a turn later.
    this.#socket?.send(Buffer.from(frame), from.port, from.address, (error) => {
      if (error) {
        this.counts.unsent++;
      }
    });
  }

  #tooMany(): RpcError | undefined {
    const { maxPerConnection } = this.#shared.limits.calls;
    return this.#running < maxPerConnection
      ? undefined
      : new RpcError(
          Code.ResourceExhausted,
          `calls.maxPerConnection ${maxPerConnection} calls run over UDP already; call over TCP or later`,
          { details: { notExecuted: true } },
        );
  }
}

// Only servers set these. Answering an answer would let two servers talk to each other for ever.
function isAnswer(head: RpcHead): boolean {
  return head.features !== 0 || head.err !== 0 || head.code !== 0;
}

function badHead(cause: unknown): RpcError {
  const tooLarge = cause instanceof WireError && cause.reason === WireReason.TooLarge;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new RpcError(tooLarge ? Code.ResourceExhausted : Code.InvalidArgument, `bad head: ${text}`, {
    cause,
    details: { ret: -4 },
  });
}

function unknownMethod(head: RpcHead): RpcError {
  return new RpcError(Code.Unimplemented, `no method ${JSON.stringify(head.method.text.slice(0, 200))} here`, {
    details: { ret: -6, notExecuted: true },
  });
}
