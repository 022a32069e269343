import type { TLSSocket, TlsOptions } from "node:tls";

/** TLS of a listener. */
export interface ListenerTls {
  /** PEM. */
  readonly key: string | Buffer;
  /** PEM, with its chain. */
  readonly cert: string | Buffer;
  /** Demand a certificate from clients; one that sends none is told so and closed. Default false. */
  readonly requestCert?: boolean;
  /** Certificates (PEM) that client certificates must lead to. Without it any is let in that `verify` accepts. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /**
   * Decides by the client certificate's SHA-256, lower-case hex; false closes the connection. Default: every one. That the client
   * holds its private key is proven by then.
   */
  readonly verify?: (fingerprintSha256Hex: string) => boolean;
}

/** Options for Node's TLS server. */
export function nodeTlsOptions(tls: ListenerTls, handshakeTimeoutMs: number): TlsOptions {
  const { ca } = tls;
  return {
    key: tls.key,
    cert: tls.cert,
    requestCert: tls.requestCert ?? false,
    // Which client may stay is decided after the handshake (`TlsDoor`), when it can be told why not; by Node it would be closed without a word.
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca: Array.isArray(ca) ? [...ca] : (ca as string | Buffer) }),
    handshakeTimeout: handshakeTimeoutMs,
    minVersion: "TLSv1.2",
    // For clients of HTTP that ask which one; what a connection speaks is told by its first bytes all the same.
    ALPNProtocols: ["h2", "http/1.1"],
  };
}

/** SHA-256 of the other end's certificate, lower-case hex; `undefined` where it sent none. */
export function peerFingerprint(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase();
}

/** Whether a client may stay. */
export function isClientAccepted(tls: ListenerTls, fingerprint: string | undefined): boolean {
  if (fingerprint === undefined) {
    return !tls.requestCert;
  }
  return tls.verify?.(fingerprint) ?? true;
}
