import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, type ListenOptions as NodeListenOptions, type Server, type Socket } from "node:net";
import {
  type CallContext,
  type CallObserver,
  CallServer,
  Code,
  MethodTable,
  Overload,
  type OverloadOptions,
  type PeerInfo,
  RpcError,
} from "@msec/rpc";
import { HeadDecoder } from "@msec/wire";
import { setEngineFlags } from "./engine-flags.ts";
import type { HttpPart, HttpPartOptions } from "./http-part.ts";
import type { Http2Connection } from "./http2/http2-connection.ts";
import { IdleMemory } from "./idle-memory.ts";
import { type ListenerLimits, listenerLimits, type PartialLimits } from "./limits.ts";
import type { ListenerTls } from "./listener-tls.ts";
import { noticeOfTooMany, PeerConnections, tooManyText } from "./peer-connections.ts";
import { PortNotices } from "./port-notices.ts";
import { Refusals, refusalOfTooMany } from "./refused-connection.ts";
import { RunningRequests } from "./running-requests.ts";
import { readIntoSharedBuffer } from "./shared-buffer-socket.ts";
import { Protocol, sniff } from "./sniff.ts";
import { peerAddress } from "./socket-address.ts";
import { SrpcServerConnection, type SrpcServerShared } from "./srpc/server-connection.ts";
import { HealthService } from "./system/health-service.ts";
import { addReflection } from "./system/reflection-service.ts";
import { beginsTls, handshakeFailure, TlsDoor } from "./tls-door.ts";
import { type UdpCounts, type UdpOptions, UdpServer } from "./udp/udp-server.ts";
import { UnreadAnswers } from "./unread-answers.ts";

/** Where and what to listen for. Either `port` or `path`. */
export interface ListenerOptions<Context extends CallContext = CallContext> {
  /** What is served. Services may still be added while it listens. */
  readonly methods: MethodTable<Context>;
  /** Address to bind; default 127.0.0.1. */
  readonly address?: string | undefined;
  /** 0…65535; 0 takes a free one. */
  readonly port?: number | undefined;
  /** Unix socket. The caller sees to its directory; a file (or symbolic link) that is there from before is an error (EADDRINUSE). */
  readonly path?: string | undefined;
  /** Who may connect to the unix socket, as permissions of its file. Default 0o600: only this user (and root). */
  readonly pathMode?: number | undefined;
  readonly tls?: ListenerTls | undefined;
  /**
   * Serve SRPC over UDP on the same port number too. Off unless asked for: a datagram's sender can be forged, so what it asks is executed
   * without knowing for whom; by default only addresses of this machine and of private networks are answered. Not with `path` or `tls`.
   */
  readonly udp?: boolean | UdpOptions | undefined;
  readonly limits?: PartialLimits<ListenerLimits> | undefined;
  /**
   * Addresses and networks (`10.0.0.5`, `10.1.0.0/16`, `fd00::/8`) behind which there are many peers, such as proxies and gateways: `connections.maxPerPeer` does not hold
   * for them. Nor does it for this machine and for unix sockets.
   */
  readonly sharedPeers?: readonly string[] | undefined;
  /** Refuse calls before they run when they would wait too long. Default: only the numbers of `limits` refuse any. */
  readonly overload?: OverloadOptions | undefined;
  /** Serve gRPC's reflection (v1 and v1alpha), by which anybody who reaches the port learns all interfaces. Default false. */
  readonly reflection?: boolean | undefined;
  /** Serve `grpc.health.v1.Health`. Default false. */
  readonly health?: boolean | undefined;
  /** Hears of every call served. */
  readonly observer?: CallObserver | undefined;
  /** `L1.L2` of the service: what errors about unknown methods and the page of `listPage` call it. Default: nothing. */
  readonly serviceName?: string | undefined;
  /**
   * Serve `GET /list`: a page for browsers with all methods, their types, and a form for each that calls it. Anybody who reaches the port
   * learns its interfaces by it. Default false.
   */
  readonly listPage?: boolean | undefined;
  /**
   * Hears, in one sentence for the owner, what callers do that no handler ever sees: TLS where there is none, none where there is, certificates that are not let in, more
   * connections than one address may have. Each kind at most once in ten minutes. Default: nobody hears it.
   */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** Connections that were refused. */
export interface RefusedCounts {
  /** There were `connections.max` already. */
  full: number;
  /** Their peer had `connections.maxPerPeer` already. */
  perPeer: number;
}

/** A port that is open. */
export interface Listener extends AsyncDisposable {
  /** As bound; the path of a unix socket. */
  readonly address: string;
  /** As bound; 0 for a unix socket. */
  readonly port: number;
  /** Handlers that run. */
  readonly inFlight: number;
  /** Calls that have ever begun to be served. */
  readonly callsBegun: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Connections that were refused since it was opened. */
  readonly refused: Readonly<RefusedCounts>;
  /** What has become of datagrams; `undefined` without `udp`. */
  readonly udp: Readonly<UdpCounts> | undefined;
  /**
   * Stop: accept no connection, answer new calls with Unavailable (`notExecuted`), let running ones finish, close.
   *
   * @param options.graceMs  how long running calls may take, 0…2_147_483_647; then they are cancelled and answered with Unavailable. Default 10_000
   * @param options.leaveMs  for a stop after which another process serves the same place already: before all that, callers are told to connect
   *                         anew, and for so long, or until all have left, what still comes on open connections is executed and not refused,
   *                         0…2_147_483_647. Default 0
   */
  close(options?: { readonly graceMs?: number; readonly leaveMs?: number }): Promise<void>;
}

/**
 * Open one port (or unix socket) that speaks SRPC, HTTP+JSON, Connect, gRPC and gRPC-Web, told apart by the first bytes of each
 * connection and, on HTTP, by URL and content type.
 *
 * @throws RangeError  a limit out of its range, one of `sharedPeers` that is neither address nor network
 * @throws Error       of Node (EADDRINUSE, EACCES, …) where the address cannot be bound
 */
export async function listen<Context extends CallContext = CallContext>(
  options: ListenerOptions<Context>,
): Promise<Listener> {
  setEngineFlags();
  const port = new OnePort(options as ListenerOptions<never>);
  await port.open();
  return port;
}

/** A machine that vanishes says nothing; while its calls run no limit ends its connection, but the kernel, which asks from then on, does. */
const keepAliveMs = 60_000;

type AnyConnection = {
  socket: Socket;
  srpc: SrpcServerConnection | undefined;
  http2: Http2Connection | undefined;
  /** As whose it counts; `undefined` where it does not. */
  countedAs: string | undefined;
};

class OnePort implements Listener {
  readonly #options: ListenerOptions<never>;
  readonly #limits: ListenerLimits;
  readonly refused: RefusedCounts = { full: 0, perPeer: 0 };
  readonly #server: Server;
  readonly #tls: TlsDoor | undefined;
  readonly #peers: PeerConnections;
  readonly #refusals: Refusals;
  readonly #notices: PortNotices;
  readonly #calls: CallServer;
  readonly #httpOptions: HttpPartOptions;
  #http: HttpPart | undefined;
  #loadingHttp: Promise<HttpPart> | undefined;
  readonly #health: HealthService | undefined;
  readonly #srpc: SrpcServerShared;
  readonly #udp: UdpServer | undefined;
  readonly #connections = new Map<Socket, AnyConnection>();
  readonly #idleMemory = new IdleMemory();
  readonly #forget: (this: Socket) => void;
  readonly #endSrpc: (this: Socket) => void;
  /** Told when the last connection is gone. */
  #allLeft: (() => void) | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  /** Whoever connected before the port was closed, and says only now which protocol it speaks, is told as well. */
  #leaving = false;
  address = "";
  port = 0;

  constructor(options: ListenerOptions<never>) {
    if ((options.port === undefined) === (options.path === undefined)) {
      throw new RangeError("listen needs either port or path");
    }
    const { udp } = options;
    if (udp && (options.path !== undefined || options.tls)) {
      throw new RangeError("udp needs a port, and cannot be had with tls: datagrams are not encrypted");
    }
    this.#options = options;
    this.#limits = listenerLimits(options.limits);
    this.#peers = new PeerConnections(this.#limits.connections.maxPerPeer, options.sharedPeers ?? []);
    const connections = this.#connections;
    const peers = this.#peers;
    const left = () => this.#allLeft?.();
    this.#forget = function forget() {
      const connection = connections.get(this);
      connection?.srpc?.closed();
      if (connection?.countedAs !== undefined) {
        peers.give(connection.countedAs);
      }
      connections.delete(this);
      if (connections.size === 0) {
        left();
      }
    };
    this.#endSrpc = function endSrpc() {
      connections.get(this)?.srpc?.ended();
    };
    this.#calls = new CallServer({
      maxInFlight: this.#limits.calls.max,
      maxHops: this.#limits.calls.maxHops,
      observer: options.observer,
      overload: options.overload && new Overload(options.overload),
    });
    const shared = {
      calls: this.#calls,
      methods: options.methods,
      limits: this.#limits,
      requests: new RunningRequests(this.#limits.calls.maxBytes),
      unread: new UnreadAnswers(this.#limits.unsent.maxTotalBytes),
    };
    const system = new MethodTable();
    if (options.health) {
      this.#health = new HealthService(this.#calls, options.methods);
      this.#health.addTo(system);
    }
    if (options.reflection) {
      addReflection(system, [options.methods, system as MethodTable<never>]);
    }
    const { serviceName = "" } = options;
    const place = serviceName === "" ? "here" : `in ${serviceName}`;
    const { frames } = this.#limits;
    const heads = new HeadDecoder();
    this.#srpc = {
      ...shared,
      heads,
      place,
      frameLimits: { maxFrameBytes: frames.maxBytes, maxHeadBytes: frames.maxHeadBytes },
    };
    this.#refusals = new Refusals({ ...this.#srpc, waitMs: this.#limits.connections.firstByteMs });
    this.#notices = new PortNotices(options.onNotice ?? (() => {}));
    this.#httpOptions = {
      ...shared,
      system: system as MethodTable<never>,
      listPage: options.listPage ?? false,
      serviceName,
      place,
    };
    this.#udp = udp ? new UdpServer({ ...shared, heads }, udp === true ? {} : udp) : undefined;
    const { tls } = options;
    if (tls) {
      this.#tls = new TlsDoor({
        tls,
        waitMs: this.#limits.connections.firstByteMs,
        refusals: this.#refusals,
        notices: this.#notices,
        onOpen: (socket, fingerprint) => this.#accept(socket, fingerprint, undefined),
      });
    }
    const socketOptions = { noDelay: true, allowHalfOpen: !tls, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
    this.#server = createServer(socketOptions, (socket) => this.#open(socket));
    this.#server.on("drop", () => {
      this.refused.full++;
    });
    this.#server.maxConnections = this.#limits.connections.max;
  }

  get inFlight(): number {
    return this.#calls.inFlight;
  }

  get callsBegun(): number {
    return this.#calls.begun;
  }

  get udp(): Readonly<UdpCounts> | undefined {
    return this.#udp?.counts;
  }

  get connections(): number {
    return this.#connections.size;
  }

  async open(): Promise<void> {
    const { path, port, address } = this.#options;
    const where: NodeListenOptions = path === undefined ? { port: port!, host: address ?? "127.0.0.1" } : { path };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen({ ...where, backlog: 4096 }, resolve);
    // Node has bound the socket by now, or failed, and accepts nobody before this turn ends.
    if (path !== undefined && this.#server.listening) {
      chmodSync(path, this.#options.pathMode ?? 0o600);
    }
    try {
      await promise;
    } finally {
      this.#server.removeListener("error", reject);
    }
    // An accept that fails (too many open files) must not end the process; the next one is tried by itself.
    this.#server.on("error", () => {});
    const bound = this.#server.address();
    this.address = typeof bound === "string" ? bound : (bound?.address ?? "");
    this.port = typeof bound === "string" ? 0 : (bound?.port ?? 0);
    try {
      await this.#udp?.bind(this.address, this.port);
    } catch (error) {
      await this.#close(0, 0);
      throw error;
    }
    const { connections, frames, http } = this.#limits;
    const shortestMs = Math.min(connections.idleMs || frames.completeMs, frames.completeMs, http.headMs);
    this.#sweep = setInterval(() => this.#closeStale(), Math.min(5_000, Math.max(20, shortestMs / 4)));
    this.#sweep.unref();
  }

  close(options?: { readonly graceMs?: number; readonly leaveMs?: number }): Promise<void> {
    this.#closed ??= this.#close(options?.graceMs ?? 10_000, options?.leaveMs ?? 0);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  async #close(graceMs: number, leaveMs: number): Promise<void> {
    this.#calls.stopping = leaveMs === 0;
    clearInterval(this.#sweep);
    this.#idleMemory.close();
    this.#refusals.close();
    this.#tls?.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#leaving = true;
    this.#http?.leave();
    for (const { srpc, http2 } of this.#connections.values()) {
      srpc?.announceStop();
      http2?.announceStop();
    }
    if (leaveMs > 0 && this.#connections.size > 0) {
      const { promise: allLeft, resolve: onAllLeft } = Promise.withResolvers<void>();
      this.#allLeft = onAllLeft;
      const timer = setTimeout(onAllLeft, leaveMs);
      await allLeft;
      clearTimeout(timer);
    }
    this.#calls.stopping = true;
    this.#health?.stop();
    this.#http?.close();
    if (!(await this.#calls.drained(graceMs))) {
      this.#calls.cancelAll(new RpcError(Code.Unavailable, "the service stopped before the call was done"));
    }
    this.#http?.close();
    for (const { socket, srpc, http2 } of this.#connections.values()) {
      const connection = srpc ?? http2;
      if (connection) {
        connection.closeGently();
      } else {
        socket.end();
      }
    }
    const force = setTimeout(
      () => {
        for (const socket of this.#connections.keys()) {
          socket.destroy();
        }
      },
      Math.min(1_000, Math.max(100, graceMs)),
    );
    await this.#udp?.close();
    await promise;
    clearTimeout(force);
    // Node counts a connection as gone some ticks before the connection itself says so.
    await Promise.all([...this.#connections.keys()].map((socket) => once(socket, "close")));
  }

  /** A connection has come: whether its peer may have one more. */
  #open(socket: Socket): void {
    const countedAs = this.#peers.take(socket.remoteAddress);
    if (countedAs !== false) {
      if (!this.#tls) {
        this.#accept(socket, undefined, countedAs);
        return;
      }
      if (countedAs !== undefined) {
        socket.once("close", () => this.#peers.give(countedAs));
      }
      this.#tls.open(socket);
      return;
    }
    this.refused.perPeer++;
    const { maxPerPeer } = this.#limits.connections;
    this.#notices.say("too-many", noticeOfTooMany(socket.remoteAddress, maxPerPeer));
    if (this.#tls) {
      // Nothing can be said before the handshake.
      socket.destroy();
      return;
    }
    this.#refusals.refuse(socket, refusalOfTooMany(tooManyText(socket.remoteAddress, maxPerPeer)));
  }

  #accept(socket: Socket, certificate: string | undefined, countedAs: string | undefined): void {
    const connection: AnyConnection = { socket, srpc: undefined, http2: undefined, countedAs };
    this.#watch(connection);
    this.#idleMemory.opened();
    let isKnown = false;
    const timer = setTimeout(() => {
      // After a long turn timers come before what has arrived meanwhile: a peer is not late because this process was busy.
      setImmediate(() => isKnown || socket.destroy());
    }, this.#limits.connections.firstByteMs);
    timer.unref();
    socket.on("close", () => clearTimeout(timer));
    const onEnd = () => socket.destroy();
    socket.on("end", onEnd);
    const peer: PeerInfo = { address: peerAddress(socket, this.#options.path), certificate };
    let first: Buffer | undefined;
    const onData = (chunk: Buffer) => {
      first = first ? Buffer.concat([first, chunk]) : chunk;
      const protocol = sniff(first);
      if (protocol === Protocol.NeedMore) {
        return;
      }
      socket.removeListener("data", onData);
      socket.removeListener("end", onEnd);
      isKnown = true;
      clearTimeout(timer);
      if (protocol === Protocol.Srpc) {
        this.#acceptSrpc(connection, peer, first);
      } else if (protocol === Protocol.Http1 || protocol === Protocol.Http2) {
        socket.pause();
        socket.unshift(first);
        this.#acceptHttp(connection, peer, protocol);
      } else {
        this.#refuseUnknown(socket, first);
      }
    };
    socket.on("data", onData);
  }

  /** Nothing that this port speaks. Whoever begins TLS gets an answer that TLS knows, so that it is not taken for a broken network. */
  #refuseUnknown(socket: Socket, first: Buffer): void {
    if (this.#tls !== undefined || !beginsTls(first)) {
      socket.destroy();
      return;
    }
    this.#notices.say(
      "tls-on-plain",
      `${peerAddress(socket, this.#options.path)} called with TLS, which this port does not speak; have callers do without it, or give the port a key and certificate`,
    );
    socket.end(handshakeFailure);
    // What came behind is read and forgotten, so that the answer is not lost to a reset.
    socket.on("data", () => {});
    const timer = setTimeout(() => socket.destroy(), 1_000);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.once("end", () => socket.destroy());
  }

  #watch(connection: AnyConnection): void {
    const { socket } = connection;
    this.#connections.set(socket, connection);
    // The same functions for all, here and below: closures would be 300 bytes of each connection.
    socket.on("close", this.#forget);
    socket.on("error", ignore);
  }

  #acceptHttp(connection: AnyConnection, peer: PeerInfo, protocol: Protocol): void {
    const { socket } = connection;
    if (!this.#http) {
      this.#loadingHttp ??= this.#loadHttp();
      this.#loadingHttp.then(
        () => socket.destroyed || this.#acceptHttp(connection, peer, protocol),
        // The files are gone or broken: nothing can be said in a protocol that is not there. SRPC goes on.
        () => socket.destroy(),
      );
    } else if (protocol === Protocol.Http1) {
      this.#http.acceptHttp1(socket, peer);
    } else {
      connection.http2 = this.#http.acceptHttp2(socket, peer);
      if (this.#leaving) {
        connection.http2.announceStop();
      }
    }
  }

  async #loadHttp(): Promise<HttpPart> {
    const { HttpPart } = await import("./http-part.ts");
    this.#http = new HttpPart(this.#httpOptions);
    if (this.#leaving) {
      this.#http.leave();
    }
    if (this.#calls.stopping) {
      this.#http.close();
    }
    return this.#http;
  }

  #acceptSrpc(connection: AnyConnection, peer: PeerInfo, first: Buffer): void {
    let srpc: SrpcServerConnection | undefined;
    const sharing = readIntoSharedBuffer(connection.socket, (length, bytes) => {
      srpc!.read(bytes, length);
      return true;
    });
    if (sharing) {
      this.#connections.delete(connection.socket);
      connection.socket = sharing;
      this.#watch(connection);
    }
    const { socket } = connection;
    srpc = new SrpcServerConnection(socket, peer, this.#srpc);
    connection.srpc = srpc;
    socket.on("end", this.#endSrpc);
    if (!sharing) {
      socket.on("data", (chunk: Buffer) => srpc.read(chunk, chunk.length));
    }
    if (this.#leaving) {
      srpc.announceStop();
    }
    srpc.read(first, first.length);
  }

  #closeStale(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections.values()) {
      if (isStale(connection, nowMs)) {
        // After a long turn timers come before what has arrived meanwhile, which may be a call.
        setImmediate(() => isStale(connection, nowMs) && connection.socket.destroy());
      }
    }
  }
}

function isStale({ srpc, http2 }: AnyConnection, nowMs: number): boolean {
  return (srpc?.isStale(nowMs) || http2?.isStale(nowMs)) ?? false;
}

/** A reset is nothing to tell: `close` follows and ends what ran for this connection. */
function ignore(): void {}
