import type { ClientHttp2Stream, Http2Session } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Code, RpcError } from "@msec/rpc";
import { type ChannelTls, isServerAccepted, nodeConnectTls } from "../channel/channel-tls.ts";
import { rpcErrorFromNode } from "../node-error.ts";

/** The way on which connect-es asks for streams. */
type SessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]["sessionManager"]>;

const idleMs = 300_000;
const keepAliveMs = 15_000;
const closedText = "the channel was closed";

/** Why there is no connection, or no more. */
export class GrpcConnectionError extends RpcError {}

/** The socket of a manager is used up: it wants to connect once more, but whom it would reach must be checked first. */
class UsedUp extends Error {}

/**
 * The HTTP/2 connections of a gRPC channel, for connect-es.
 *
 * connect-es keeps a connection, follows GOAWAY and closes what is idle. It can only be given a socket at once, while a server must be known before the first byte
 * goes to it; so each connection is made and checked here and then gets a `Http2SessionManager` of its own, which is left when it wants to connect again.
 * (Checking inside of `secureConnect`, with the socket already in HTTP/2's hands, means to destroy it there, and that ends the process: Node 24.)
 *
 * States: `none` → `connecting` → `current` → (`none`, when it ended or is told to go; its calls go on) → …; `closed` for good.
 */
export class GrpcConnections implements SessionManager {
  readonly authority: string;
  readonly #where: { readonly host: string; readonly port: number };
  readonly #address: string;
  readonly #tls: ChannelTls | undefined;
  readonly #timeoutMs: number;
  readonly #managers = new Set<Http2SessionManager>();
  readonly #heard = new WeakSet<Http2Session>();
  /** Why the server ended a connection, where it said so: what its calls fail with. */
  lastWords: GrpcConnectionError | undefined;
  #current: Promise<Http2SessionManager> | undefined;
  #connecting: Socket | undefined;
  #isClosed = false;

  /** @param timeoutMs  milliseconds in which a connection, with TLS its handshake too, must stand */
  constructor(
    where: { readonly host: string; readonly port: number },
    address: string,
    tls: ChannelTls | undefined,
    timeoutMs: number,
  ) {
    this.#where = where;
    this.#address = address;
    this.#tls = tls;
    this.#timeoutMs = timeoutMs;
    this.authority = new URL(`${tls ? "https" : "http"}://${address}`).origin;
  }

  /** @throws RpcError with `details.notSent`: Unavailable (nobody there), Unauthenticated (not the server that was meant), Canceled (closed) */
  async request(...request: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    for (;;) {
      this.#current ??= this.#connect();
      const current = this.#current;
      try {
        const manager = await current;
        const stream = await manager.request(...request);
        this.#hearErrors(stream.session);
        return stream;
      } catch (error) {
        if (this.#current === current) {
          this.#current = undefined;
        }
        if (!(error instanceof UsedUp)) {
          throw error;
        }
      }
    }
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    for (const manager of this.#managers) {
      manager.notifyResponseByteRead(stream);
    }
  }

  /** End all connections; calls that run fail. */
  close(): void {
    this.#isClosed = true;
    this.#connecting?.destroy();
    for (const manager of this.#managers) {
      manager.abort(new GrpcConnectionError(Code.Canceled, closedText));
    }
  }

  /**
   * An error that nobody hears would end the process. Node tells a connection's calls of what broke it before it tells the connection; who then closes the channel at once, because
   * its call has failed, makes connect-es stop listening in between.
   */
  #hearErrors(session: Http2Session | undefined): void {
    if (session && !this.#heard.has(session)) {
      this.#heard.add(session);
      session.on("error", () => {});
      session.on("goaway", (code, lastStream, words) => {
        const text = words?.toString("utf8").slice(0, 500).toWellFormed() ?? "";
        if (code !== 0 && text !== "") {
          // None of its calls was looked at where the last one that was has no number.
          const details = lastStream === 0 ? { notExecuted: true } : {};
          this.lastWords = new GrpcConnectionError(
            codeOfGoAway[code] ?? Code.Unavailable,
            `${this.#address}: ${text}`,
            { details },
          );
        }
      });
    }
  }

  async #connect(): Promise<Http2SessionManager> {
    if (this.#isClosed) {
      throw notSent(Code.Canceled, closedText);
    }
    const socket = await this.#socket();
    let unused = true;
    const createConnection = () => {
      if (!unused) {
        throw new UsedUp();
      }
      unused = false;
      return socket;
    };
    const manager = new Http2SessionManager(this.authority, { idleConnectionTimeoutMs: idleMs }, {
      createConnection,
    } as never);
    this.#managers.add(manager);
    socket.once("close", () => this.#managers.delete(manager));
    return manager;
  }

  /** A connected socket to the server that was meant. */
  #socket(): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const tls = this.#tls;
    const socket = tls
      ? connectTls({ ...this.#where, ...nodeConnectTls(tls), ALPNProtocols: ["h2"] })
      : connectTcp(this.#where);
    this.#connecting = socket;
    let isConnected = false;
    const tooLate = () => {
      if (!isConnected) refuse(notSent(Code.Unavailable, late));
    };
    const refuse = (error: GrpcConnectionError) => {
      reject(error);
      // Not here: this may be inside of `secureConnect`.
      setImmediate(() => socket.destroy());
    };
    const late = `${this.#address}: not connected within connectTimeoutMs ${this.#timeoutMs}`;
    // Not at once: after a long turn timers come before what has arrived meanwhile.
    const timer = setTimeout(() => setImmediate(tooLate), this.#timeoutMs);
    socket.once(tls ? "secureConnect" : "connect", () => {
      if (tls && !isServerAccepted(tls, socket as TLSSocket)) {
        refuse(notSent(Code.Unauthenticated, `${this.#address}: the server's certificate is not the expected one`));
        return;
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      isConnected = true;
      resolve(socket);
    });
    // HTTP/2 has its own ear for what comes later.
    socket.on("error", (error) => {
      const { code, message } = rpcErrorFromNode(error, this.#address);
      reject(notSent(code, message, error));
    });
    socket.once("close", () => {
      const other = `${this.#address}: the other end closed the connection`;
      reject(this.#isClosed ? notSent(Code.Canceled, closedText) : notSent(Code.Unavailable, other));
    });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#connecting = undefined;
    });
  }
}

/** As gRPC has them. @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
const codeOfGoAway: Readonly<Record<number, Code>> = { 11: Code.ResourceExhausted, 12: Code.PermissionDenied };

function notSent(code: Code, message: string, cause?: Error): GrpcConnectionError {
  return new GrpcConnectionError(code, message, { cause, details: { notSent: true } });
}
