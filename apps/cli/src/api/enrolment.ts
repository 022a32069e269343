import type { Client } from "@connectrpc/connect";
import type { RegistryService } from "@msec/api/console/v1/registry_pb.js";

/** What an agent needs to enrol, as its `--enroll-token-file` has it. */
export interface Enrolment {
  /** `address:port` that it dials. */
  readonly server: string;
  /** SHA-256 of the server's certificate, hex. */
  readonly fingerprint: string;
  /** Can be used once. */
  readonly token: string;
}

/**
 * Have one agent enrol.
 *
 * @param hostName  the host that may use it, which takes over the name and with it the instances of one that lost its identity
 * @returns also until when, milliseconds since 1970 UTC
 */
export async function createEnrolment(
  registry: Client<typeof RegistryService>,
  hostName: string,
): Promise<{ readonly enrolment: Enrolment; readonly expiresMs: number }> {
  const { token, server, serverFingerprint, expiresMs } = await registry.createEnrollToken({ hostName });
  return { enrolment: { server, fingerprint: serverFingerprint, token }, expiresMs };
}
