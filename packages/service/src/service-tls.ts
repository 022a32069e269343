import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { UserError } from "@msec/process";
import type { ChannelTls, ListenerTls } from "@msec/rpc-node";
import type { ProgramConfig } from "./program-config.ts";

/** TLS of the calls that a program makes: for all of them, or by target (`undefined`: without TLS). */
export type CallTls = ChannelTls | ((target: string) => ChannelTls | undefined);

/** The same as a function of the target. */
export function callTlsOf(tls: CallTls | undefined): (target: string) => ChannelTls | undefined {
  return typeof tls === "function" ? tls : () => tls;
}

/**
 * The TLS of a service as its configuration has it: `tls_key` and `tls_cert`, and with `tls_client_ca` only callers whose certificate leads there.
 *
 * @returns `undefined` where the configuration names none: the port is then plain
 * @throws UserError  a key without the other, a file that cannot be read, or is no such thing
 */
export function listenerTls({ file, config }: ProgramConfig): ListenerTls | undefined {
  const { tls_key, tls_cert, tls_client_ca } = config.values.SRPC;
  if (tls_key === undefined && tls_cert === undefined) {
    if (tls_client_ca === undefined) return undefined;
    throw new UserError("[SRPC] tls_client_ca needs tls_key and tls_cert", { hint: `add both to ${file}` });
  }
  if (tls_key === undefined || tls_cert === undefined) {
    const missing = tls_key === undefined ? "tls_key" : "tls_cert";
    throw new UserError(`[SRPC] ${missing} is missing: TLS needs tls_key and tls_cert`, { hint: `add it to ${file}` });
  }
  const read = (key: string, path: string) => readPem(key, resolve(dirname(file), path));
  const key = read("tls_key", tls_key);
  const cert = read("tls_cert", tls_cert);
  const ca = tls_client_ca === undefined ? undefined : read("tls_client_ca", tls_client_ca);
  try {
    createSecureContext({ key, cert, ...(ca === undefined ? {} : { ca }) });
  } catch (cause) {
    throw new UserError(`[SRPC] tls_key and tls_cert cannot be used: ${(cause as Error).message}`, {
      hint: "both are PEM files, and the certificate is that of the key",
      cause,
    });
  }
  return { key, cert, ...(ca === undefined ? {} : { requestCert: true, ca }) };
}

function readPem(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new UserError(`[SRPC] ${key}: ${path} cannot be read: ${(cause as Error).message}`, {
      hint: "the path is relative to the directory of the configuration file",
      cause,
    });
  }
}
