import { createTlsIdentity } from "@msec/process";

/** A private key and the self-signed certificate of its public one, both PEM. */
export interface KeyAndCertificate {
  readonly privateKey: string;
  readonly certificate: string;
}

/** Make a key and a self-signed certificate: the server knows the host by its fingerprint, so nobody else has to sign it. */
export function createKeyAndCertificate(hostName: string): KeyAndCertificate {
  // A host's name may have underscores, a certificate's here may not; nobody compares the two.
  const { key, certificate } = createTlsIdentity(hostName.replaceAll("_", "-"));
  return { privateKey: key, certificate };
}
