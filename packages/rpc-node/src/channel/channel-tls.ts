import type { ConnectionOptions, TLSSocket } from "node:tls";
import { peerFingerprint } from "../listener-tls.ts";

/** TLS of a channel. Either `verify` pins the server's certificate, or its chain and name are checked as browsers do. */
export interface ChannelTls {
  /** PEM; with `cert`, the client's own identity. */
  readonly key?: string | Buffer;
  /** PEM. */
  readonly cert?: string | Buffer;
  /** Certificates (PEM) that the server's must lead to, in place of the machine's own list. */
  readonly ca?: string | Buffer;
  /** Name that the server's certificate must be for; default is the address. */
  readonly serverName?: string;
  /** Decides by the server certificate's SHA-256, lower-case hex, in place of chain and name. */
  readonly verify?: (fingerprintSha256Hex: string) => boolean;
}

/** Options for Node's TLS client. */
export function nodeConnectTls(tls: ChannelTls): ConnectionOptions {
  return {
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: tls.verify === undefined,
    minVersion: "TLSv1.2",
  };
}

/** Whether the server is the one that was meant. */
export function isServerAccepted(tls: ChannelTls, socket: TLSSocket): boolean {
  if (tls.verify === undefined) {
    return true;
  }
  const fingerprint = peerFingerprint(socket);
  return fingerprint !== undefined && tls.verify(fingerprint);
}
