import { createHash, timingSafeEqual } from "node:crypto";

// Salted SHA-256 of the passwords. Quick on purpose, so that the example can be called hundreds of times a second on a
// laptop; a program with real accounts takes argon2 (`crypto.argon2` of Node), which is slow on purpose.
const salt = "msec-flight-example";
const accounts = new Map([["bison", "dc744c71a861f385de5bcd791d13f1b9f49174c2e9bb2e7c8205050ef9f86b1c"]]);

// Compared where the name is unknown, so that the time of the answer does not tell which names exist.
const nobody = "0".repeat(64);

/** Whether an account of this name exists and has this password; takes the same time for all wrong answers. */
export function isPasswordOf(name: string, password: string): boolean {
  const expected = Buffer.from(accounts.get(name) ?? nobody, "hex");
  const found = createHash("sha256").update(`${salt}:${name}:${password}`).digest();
  return timingSafeEqual(found, expected);
}
