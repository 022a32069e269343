import type { Socket } from "node:net";
import { createServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { isClientAccepted, type ListenerTls, nodeTlsOptions, peerFingerprint } from "./listener-tls.ts";
import type { PortNotices } from "./port-notices.ts";
import { type Refusals, refusalOfCertificate, refusalOfPlain } from "./refused-connection.ts";
import { formatAddress } from "./socket-address.ts";

/** The first byte of TLS: a record that is part of a handshake. No other protocol of ours begins with it. */
const handshakeRecord = 0x16;

/** Whether the first bytes of a connection are TLS's: a record of a handshake, of version 3.something. */
export function beginsTls(first: Uint8Array): boolean {
  return first[0] === handshakeRecord && (first.length === 1 || first[1] === 3);
}

/** The fatal alert `handshake_failure` of TLS (RFC 8446, 6), in plain text as all before the keys are agreed. */
export const handshakeFailure = Uint8Array.of(0x15, 3, 1, 0, 2, 2, 40);

/** What a door tells, and whom. */
export interface TlsDoorParts {
  readonly tls: ListenerTls;
  /** Until the first byte, and then until the handshake is done, in milliseconds. */
  readonly waitMs: number;
  readonly refusals: Refusals;
  readonly notices: PortNotices;
  /** A client is in, by the certificate of this SHA-256 (hex), or by none. */
  readonly onOpen: (socket: TLSSocket, fingerprint: string | undefined) => void;
}

/**
 * The way through TLS into a port that speaks nothing else.
 *
 * States of a connection: its first byte is awaited → (it begins TLS) handshake → the certificate is looked at → in. Who does not begin TLS, and whose certificate is not let in, is
 * told so in the protocol that it speaks: a connection that is merely closed is the hardest of all faults to find. What goes wrong in the handshake itself TLS tells the client; its
 * alerts name no reason, so the owner of the port hears it.
 */
export class TlsDoor {
  readonly #parts: TlsDoorParts;
  readonly #server: TlsServer;
  /** Those that have not said a word. */
  readonly #silent = new Set<Socket>();

  constructor(parts: TlsDoorParts) {
    this.#parts = parts;
    // It never listens: it is given connections that were counted before their handshake, which costs more than all else.
    this.#server = createServer(nodeTlsOptions(parts.tls, parts.waitMs));
    this.#server.on("secureConnection", (socket) => this.#handshaken(socket));
    this.#server.on("tlsClientError", (error, socket) => {
      this.#failed(error, socket);
      socket.destroy();
    });
  }

  /** A connection has come. */
  open(socket: Socket): void {
    this.#silent.add(socket);
    // After a long turn timers come before what has arrived meanwhile: a peer is not late because this process was busy.
    const timer = setTimeout(
      () => setImmediate(() => this.#silent.has(socket) && socket.destroy()),
      this.#parts.waitMs,
    );
    timer.unref();
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(timer);
      this.#silent.delete(socket);
    });
    socket.once("data", (first: Buffer) => {
      this.#silent.delete(socket);
      clearTimeout(timer);
      if (beginsTls(first)) {
        socket.pause();
        socket.unshift(first);
        this.#server.emit("connection", socket);
        return;
      }
      this.#parts.notices.say(
        "plain-on-tls",
        `${addressOf(socket)} called without TLS, which this port demands; have callers use TLS (tls, https), or serve without it`,
      );
      this.#parts.refusals.refuse(socket, refusalOfPlain(), first);
    });
  }

  /** Close those that have not said a word; a handshake that is under way is done in `waitMs`. */
  close(): void {
    for (const socket of this.#silent) {
      socket.destroy();
    }
  }

  #handshaken(socket: TLSSocket): void {
    const { tls, notices, refusals, onOpen } = this.#parts;
    const fingerprint = peerFingerprint(socket);
    const why = whyNotAccepted(tls, socket, fingerprint);
    if (why === undefined) {
      socket.setNoDelay(true);
      onOpen(socket, fingerprint);
      return;
    }
    const whose = fingerprint === undefined ? "" : ` (SHA-256 ${fingerprint})`;
    notices.say("certificate", `${addressOf(socket)} was not let in: ${why}${whose}`);
    refusals.refuse(socket, refusalOfCertificate(why));
  }

  #failed(error: Error & { code?: string }, socket: TLSSocket): void {
    // Who goes away in the middle, as port scanners and health checks do, has nothing to mend.
    if (error.code === "ECONNRESET" || error.code === "EPIPE") {
      return;
    }
    const isTrust = /UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(UNKNOWN|EXPIRED)/.test(error.code ?? "");
    const what = isTrust
      ? "does not accept this port's certificate; have it trust the one who signed it, or renew it"
      : "did not come to terms with this port";
    this.#parts.notices.say("handshake", `${addressOf(socket)} ${what}: ${error.code ?? error.message}`);
  }
}

/** In words, or `undefined` for a client that may stay. */
function whyNotAccepted(tls: ListenerTls, socket: TLSSocket, fingerprint: string | undefined): string | undefined {
  if (tls.requestCert && fingerprint === undefined) {
    return "this port demands a certificate of its callers, and none came";
  }
  if (tls.requestCert && tls.ca !== undefined && !socket.authorized) {
    // Of OpenSSL, such as CERT_HAS_EXPIRED.
    const code = String(socket.authorizationError ?? "");
    return `the caller's certificate ${certificateFaults[code] ?? "is not valid here"} (${code})`;
  }
  return isClientAccepted(tls, fingerprint) ? undefined : "the caller's certificate is none of those that are let in";
}

const noChain = "does not lead to one that this port trusts";
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet; are both clocks right?",
  UNABLE_TO_GET_ISSUER_CERT: noChain,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: noChain,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: noChain,
  DEPTH_ZERO_SELF_SIGNED_CERT: `is its own issuer and ${noChain}`,
  SELF_SIGNED_CERT_IN_CHAIN: noChain,
  CERT_SIGNATURE_FAILURE: "has a signature that is wrong",
  INVALID_PURPOSE: "is not for clients (its extended key usage)",
};

function addressOf(socket: Socket): string {
  return formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
}
