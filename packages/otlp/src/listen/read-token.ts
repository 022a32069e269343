import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { UserError } from "@msec/process";

/** Compares what a client brings with the token, in the same time whatever it is. */
export type TokenCheck = (authorization: string | undefined) => boolean;

/**
 * Read the token that reporters must bring.
 *
 * @param file  of this user alone: one line of 16…200 letters, digits and -_.~+/=
 * @throws UserError where it cannot be read, others can read it, or there is no token in it
 */
export function readToken(file: string): TokenCheck {
  const hint = `make one: (umask 077; openssl rand -hex 32 > ${file})`;
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, "utf8").trim();
    mode = statSync(file).mode;
  } catch (cause) {
    throw new UserError(`the token file ${file} cannot be read: ${(cause as Error).message}`, { hint, cause });
  }
  if ((mode & 0o077) !== 0) {
    throw new UserError(`other users can read or write the token file ${file}`, { hint: `chmod 600 ${file}` });
  }
  if (!/^[A-Za-z0-9._~+/=-]{16,200}$/.test(text)) {
    throw new UserError(`${file} has no token: one line of 16…200 letters, digits and -._~+/=`, { hint });
  }
  const expected = digest(text);
  return (authorization) => {
    const given = /^Bearer ([^\s]{1,200})$/i.exec(authorization ?? "")?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
