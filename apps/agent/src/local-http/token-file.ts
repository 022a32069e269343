import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { type Log, replaceFile, systemErrorCode } from "@msec/process";

/** Compares what a client brings with the token, in the same time whatever it is. */
export type TokenCheck = (given: string) => boolean;

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * Read the token of the local API from its file, or make one. A file that others could read or wrote, or that has no token in it, is replaced, and the log says so.
 *
 * @param file  mode 0600, of this user; clients read it anew when they are refused
 */
export async function openTokenFile(file: string, log: Log): Promise<TokenCheck> {
  const found = readToken(file);
  if (found.token !== undefined) return checkOf(found.token);
  if (found.fault !== undefined) log.warn(`the token of the local API was replaced: ${found.fault}`, { file });
  const token = randomBytes(32).toString("base64url");
  await replaceFile(file, `${token}\n`, 0o600);
  return checkOf(token);
}

function readToken(file: string): { readonly token?: string; readonly fault?: string } {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    switch (systemErrorCode(error)) {
      case "ENOENT":
        return {};
      case "ELOOP":
        return { fault: "it was a symbolic link" };
      default:
        throw error;
    }
  }
  try {
    // Of the open file, not of the name: between two looks at a name it may be another file.
    const { mode, uid, size } = fstatSync(descriptor);
    if (uid !== process.getuid?.()) return { fault: `it belonged to user ${uid}` };
    if ((mode & 0o077) !== 0) return { fault: "other users could read it" };
    const text = size > 1_000 ? "" : readFileSync(descriptor, "utf8").trim();
    return TOKEN.test(text) ? { token: text } : { fault: "there was no token in it" };
  } finally {
    closeSync(descriptor);
  }
}

// Digests have the same length whatever was given, which the comparison needs; and nothing of the token stays in memory as text.
function checkOf(token: string): TokenCheck {
  const expected = digest(token);
  return (given) => timingSafeEqual(digest(given), expected);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
