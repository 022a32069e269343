import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A new secret of 256 random bits, 43 characters of base64url. */
export function createToken(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * What is kept of a secret: SHA-256, hex.
 *
 * Looking one up by its hash tells by its timing at most something about the hash of what the asker sent, which the
 * asker knows: that is why lookups by hash need no comparison in constant time.
 */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Whether two secrets are equal, in a time that depends on neither. */
export function isSameToken(left: string, right: string): boolean {
  const [leftHash, rightHash] = [left, right].map((token) => createHash("sha256").update(token).digest());
  return timingSafeEqual(leftHash as Buffer, rightHash as Buffer);
}
