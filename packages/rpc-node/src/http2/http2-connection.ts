import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { PeerInfo } from "@msec/rpc";
import type { ListenerLimits } from "../limits.ts";
import type { CountUnsent, Http2Exchange } from "./http2-exchange.ts";

/** Serves one request; `undefined` where it was answered at once. */
export type ServeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: PeerInfo,
  countUnsent: CountUnsent,
) => Http2Exchange | undefined;

/** What the sweep remembers of a stream whose peer does not take what there is. */
interface Stuck {
  readonly bytes: number;
  readonly sinceMs: number;
}

/**
 * The server's end of one HTTP/2 connection: Node's session on a socket whose first bytes were HTTP/2's preface.
 *
 * States: `open` → `blocked` (the peer takes its answers too slowly: new requests wait) → `open` …; `open` → `stopping` (GOAWAY is
 * sent, what runs is finished, what still comes is refused) → closed.
 */
export class Http2Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: ListenerLimits;
  readonly #exchanges = new Map<ServerHttp2Stream, Http2Exchange | undefined>();
  readonly #stuck = new Map<ServerHttp2Stream, Stuck>();
  #unsentBytes = 0;
  #held: (() => void)[] = [];
  #hasSettings = false;
  #activeMs = performance.now();
  readonly #sinceMs = performance.now();

  constructor(socket: Socket, peer: PeerInfo, limits: ListenerLimits, serve: ServeStream) {
    this.#socket = socket;
    this.#limits = limits;
    const { http, http2 } = limits;
    this.#session = performServerHandshake(socket, {
      maxSessionMemory: http2.sessionMiB,
      maxHeaderListPairs: http.maxHeaders,
      // Both are tokens: a client may give up all its calls at once (a deadline passed), and then so many a second.
      streamResetBurst: http2.resetBurst,
      streamResetRate: http2.resetsPerSecond,
      // Frames that are not allowed here, before the connection is closed.
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      settings: {
        maxConcurrentStreams: http2.maxStreams,
        maxHeaderListSize: http.maxHeaderBytes,
        enablePush: false,
        initialWindowSize: 256 * 1024,
      },
    });
    // What breaks a session closes its socket, and that is watched elsewhere.
    this.#session.on("error", () => {});
    this.#session.on("remoteSettings", () => {
      this.#hasSettings = true;
    });
    this.#session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.#watch(stream);
      const start = () => {
        if (!stream.destroyed) {
          this.#exchanges.set(
            stream,
            serve(stream, headers, peer, (bytes) => this.#countUnsent(stream, bytes)),
          );
        }
      };
      if (this.#unsentBytes > limits.unsent.bytes) {
        this.#held.push(start);
      } else {
        start();
      }
    });
  }

  /** Whether the listener should close it now. Streams that are too slow are closed here. */
  isStale(nowMs: number): boolean {
    const { connections, frames } = this.#limits;
    for (const [stream, exchange] of this.#exchanges) {
      const isSlow = exchange?.isIncomplete === true && nowMs - exchange.receivedMs > frames.completeMs;
      if (isSlow || this.#isStuck(stream, nowMs)) {
        stream.close(constants.NGHTTP2_CANCEL);
      }
    }
    if (!this.#hasSettings && nowMs - this.#sinceMs > connections.firstByteMs) {
      return true;
    }
    return this.#exchanges.size === 0 && connections.idleMs > 0 && nowMs - this.#activeMs > connections.idleMs;
  }

  /** Tell the client to call elsewhere from now on. Requests that are under way to us are still answered, if only by a refusal. */
  announceStop(): void {
    if (!this.#session.destroyed && !this.#session.closed) {
      // The highest stream there is: "no new ones", before `closeGently` names the last that was seen (RFC 9113, 6.8).
      this.#session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    }
  }

  /** Finish the streams that are open, then close. */
  closeGently(): void {
    if (this.#session.destroyed) {
      this.#socket.destroy();
    } else {
      this.#session.close();
    }
  }

  #watch(stream: ServerHttp2Stream): void {
    this.#exchanges.set(stream, undefined);
    // A reset by the peer; `close` follows.
    stream.on("error", () => {});
    stream.on("close", () => {
      this.#exchanges.delete(stream);
      this.#stuck.delete(stream);
      this.#activeMs = performance.now();
    });
  }

  #countUnsent(stream: ServerHttp2Stream, bytes: number): void {
    this.#unsentBytes += bytes;
    stream.on("close", () => {
      this.#unsentBytes -= bytes;
      if (this.#held.length > 0 && this.#unsentBytes <= this.#limits.unsent.bytes) {
        const held = this.#held;
        this.#held = [];
        for (const start of held) {
          start();
        }
      }
    });
  }

  // Data waits and none of it has gone for too long: the peer's window is shut.
  #isStuck(stream: ServerHttp2Stream, nowMs: number): boolean {
    const bytes = stream.writableLength;
    const known = this.#stuck.get(stream);
    if (bytes === 0) {
      this.#stuck.delete(stream);
    } else if (known?.bytes !== bytes) {
      this.#stuck.set(stream, { bytes, sinceMs: nowMs });
    } else {
      return nowMs - known.sinceMs > this.#limits.frames.completeMs;
    }
    return false;
  }
}
