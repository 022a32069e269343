import { webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";

/** A private key and the self-signed certificate of its public one, both PEM. */
export interface KeyAndCertificate {
  readonly privateKey: string;
  readonly certificate: string;
}

const LIFETIME_YEARS = 20;

/**
 * Make a key (ECDSA P-256) and a self-signed certificate: the server knows the host by its fingerprint, so nobody else has
 * to sign it, and its dates matter to nobody (long ago to far ahead, since the clocks of hosts differ).
 *
 * @param hostName  letters, digits and `._-`
 */
export async function createKeyAndCertificate(hostName: string): Promise<KeyAndCertificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = new Date();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${hostName}, OU=msec agent`,
    notBefore: new Date(now.getTime() - 86_400_000),
    notAfter: new Date(new Date(now).setFullYear(now.getFullYear() + LIFETIME_YEARS)),
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const lines = pkcs8.match(/.{1,64}/g)!.join("\n");
  return {
    privateKey: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString("pem"),
  };
}
