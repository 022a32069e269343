import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { type PeerInfo, PlaceSet } from "@msec/rpc";
import { ConnectionRoom, type RoomShared } from "../connection-room.ts";
import type { ListenerLimits } from "../limits.ts";
import { ReadTurn } from "../read-turn.ts";
import type { Http2Exchange, HttpConnection } from "./http2-exchange.ts";
import { IncompleteInput } from "./incomplete-input.ts";

/** Serves one request; `undefined` where it was answered at once. */
export type ServeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  connection: HttpConnection,
) => Http2Exchange | undefined;

/**
 * How much of a request may come before anybody reads it. What waits for room holds so much of Node's memory, so it is no larger than what a
 * machine nearby needs: at 1 ms there and back 128 MB/s for one call.
 */
export const streamWindowBytes = 128 * 1024;

/** A stream that is open. */
interface OpenStream {
  readonly stream: ServerHttp2Stream;
  /** Its place among those of the connection. */
  at: number;
  exchange: Http2Exchange | undefined;
  /** What the sweep last saw to wait for a peer that does not take it, in bytes, and since when. */
  stuckBytes: number;
  stuckSinceMs: number;
}

/**
 * The server's end of one HTTP/2 connection: Node's session on a socket whose first bytes were HTTP/2's preface.
 *
 * States: `open` → `stopping` (GOAWAY is sent, what runs is finished, what still comes is refused) → closed. Whether its calls may begin is
 * their `room`'s affair.
 */
export class Http2Connection implements HttpConnection {
  readonly peer: PeerInfo;
  readonly room: ConnectionRoom;
  readonly reads = new ReadTurn();
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #limits: ListenerLimits;
  readonly #streams = new PlaceSet<OpenStream>();
  readonly #incomplete: IncompleteInput;
  #hasSettings = false;
  #activeMs = performance.now();
  readonly #sinceMs = performance.now();

  constructor(socket: Socket, peer: PeerInfo, shared: RoomShared, serve: ServeStream) {
    this.#socket = socket;
    this.peer = peer;
    this.room = new ConnectionRoom(shared, { waits: () => {}, overflowed: () => socket.destroy() });
    const { limits } = shared;
    this.#limits = limits;
    const { calls, http, http2 } = limits;
    // HTTP/2 has no half-open connections: of a socket that is left so Node never ends the last stream, and its handler would hear of nothing.
    socket.allowHalfOpen = false;
    this.#session = performServerHandshake(socket, {
      // Node counts answers that were not taken as well, refusing every new call meanwhile; those have a bound of their own.
      maxSessionMemory: http2.sessionMiB + Math.ceil(limits.unsent.maxBytes / 2 ** 20),
      maxHeaderListPairs: http.maxHeaders,
      // Both are tokens: a client may give up all its calls at once (a deadline passed), and then so many a second.
      streamResetBurst: http2.resetBurst,
      streamResetRate: http2.resetsPerSecond,
      // Frames that are not allowed here, before the connection is closed.
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      settings: {
        maxConcurrentStreams: Math.min(http2.maxStreams, calls.maxPerConnection),
        maxHeaderListSize: http.maxHeaderBytes,
        enablePush: false,
        initialWindowSize: streamWindowBytes,
      },
    });
    this.#incomplete = new IncompleteInput(this.#session, socket, Math.min(http.headMs, limits.frames.completeMs));
    // What breaks a session closes its socket, and that is watched elsewhere.
    this.#session.on("error", () => {});
    this.#session.on("remoteSettings", () => {
      this.#hasSettings = true;
    });
    this.#session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const open = this.#watch(stream);
      this.#incomplete.sound();
      open.exchange = serve(stream, headers, this);
    });
  }

  /** Whether the listener should close it now. Streams that are too slow are closed here. */
  isStale(nowMs: number): boolean {
    const { connections, frames } = this.#limits;
    for (const open of this.#streams) {
      const { exchange } = open;
      const isSlow = exchange?.isIncomplete === true && nowMs - exchange.comesSinceMs > frames.completeMs;
      if (isSlow || this.#isStuck(open, nowMs)) {
        open.stream.close(constants.NGHTTP2_CANCEL);
      }
    }
    if (!this.#hasSettings && nowMs - this.#sinceMs > connections.firstByteMs) {
      return true;
    }
    if (this.#streams.size > 0) {
      return false;
    }
    if (this.#incomplete.isLate(nowMs, this.#activeMs)) {
      // After a long turn timers come before what has arrived meanwhile, which may be the answer.
      setImmediate(() => {
        if (this.#streams.size === 0 && this.#incomplete.isLate(nowMs, this.#activeMs)) {
          this.#incomplete.close();
        }
      });
    }
    const isIdle = connections.idleMs > 0 && nowMs - this.#activeMs > connections.idleMs;
    if (isIdle && !this.#session.closed) {
      // With GOAWAY first: a call that is on its way to us just now is then known not to have run.
      this.#session.close();
      return false;
    }
    return isIdle;
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

  #watch(stream: ServerHttp2Stream): OpenStream {
    const open: OpenStream = { stream, at: 0, exchange: undefined, stuckBytes: 0, stuckSinceMs: 0 };
    open.at = this.#streams.add(open);
    // A reset by the peer; `close` follows.
    stream.on("error", () => {});
    stream.once("close", () => {
      const moved = this.#streams.removeAt(open.at);
      if (moved !== undefined) {
        moved.at = open.at;
      }
      this.#activeMs = performance.now();
    });
    return open;
  }

  // Data waits and none of it has gone for too long: the peer's window is shut.
  #isStuck(open: OpenStream, nowMs: number): boolean {
    const bytes = open.stream.writableLength;
    if (bytes === 0 || bytes !== open.stuckBytes) {
      open.stuckBytes = bytes;
      open.stuckSinceMs = nowMs;
      return false;
    }
    return nowMs - open.stuckSinceMs > this.#limits.frames.completeMs;
  }
}
