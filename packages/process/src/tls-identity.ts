import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

/** A key and the self-signed certificate that goes with it: who a daemon is to those that pin it. */
export interface TlsIdentity {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/**
 * Make an identity for mutually authenticated TLS: a new P-256 key and a self-signed certificate.
 *
 * The other end pins the certificate's SHA-256 (`certificateFingerprint`) and checks nothing else of it, so it has the
 * least that X.509 and TLS stacks ask for and never expires. Node can read certificates but not make them; the fixed form
 * below is all that is needed of ASN.1.
 *
 * @param commonName  what it is called in tools that show certificates, 1…64 letters, digits, spaces and `.-`
 * @see RFC 5280 section 4.1, RFC 5758 section 3.2
 */
export function createTlsIdentity(commonName: string): TlsIdentity {
  if (!/^[A-Za-z0-9 .-]{1,64}$/.test(commonName)) {
    throw new RangeError(`commonName ${JSON.stringify(commonName)} must be 1…64 letters, digits, spaces and .-`);
  }
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName))))); // commonName
  // The first bit clear and the second set: a positive number of full length without padding.
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, serial),
    algorithm,
    name,
    // From 1970, since the clocks of two hosts may differ, to the date that means "no end" (RFC 5280, 4.1.2.5).
    sequence(der(0x17, Buffer.from("700101000000Z")), der(0x18, Buffer.from("99991231235959Z"))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    // basicConstraints, critical, empty: not a certificate authority.
    der(0xa3, sequence(sequence(oid("551d13"), der(0x01, Buffer.of(0xff)), der(0x04, sequence())))),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, algorithm, der(0x03, Buffer.of(0), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: new X509Certificate(certificate).toString(),
  };
}

/**
 * SHA-256 of a certificate, lower-case hex: what the other end pins.
 *
 * @param certificate  PEM
 * @throws Error of Node where it is none
 */
export function certificateFingerprint(certificate: string): string {
  return createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

/** One element of DER: tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
