import { type CallContext, Code, RpcError } from "@msec/rpc";
import type { HostDirectory, HostState } from "./host-directory.ts";

/**
 * The certificate that an agent's connection has shown, by its fingerprint.
 *
 * @throws RpcError  Unauthenticated: it has shown none
 */
export function callingFingerprint(context: CallContext): string {
  if (context.peerCertificate === undefined) {
    throw new RpcError(Code.Unauthenticated, "the agent presented no certificate on its TLS connection");
  }
  return context.peerCertificate;
}

/**
 * The host of a call: the one whose certificate the connection has, whatever the call says.
 *
 * @throws RpcError  Unauthenticated: no certificate, or that of no host
 */
export function callingHost(hosts: HostDirectory, context: CallContext): HostState {
  const host = hosts.findByFingerprint(callingFingerprint(context));
  if (host === undefined) {
    throw new RpcError(Code.Unauthenticated, "this agent's certificate belongs to no enrolled host; enrol it again");
  }
  return host;
}
