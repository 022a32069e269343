import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { replaceFile, UserError } from "@msec/process";
import { readIfThere } from "../../config/read-if-there.ts";

const format = /^[0-9a-f]{64}$/;

/** Encrypts what must not be readable by who has the database alone. */
export interface SecretBox {
  seal(text: string): string;
  /** @returns `undefined` where it was sealed with another key, or is damaged */
  open(sealed: string): string | undefined;
}

/**
 * Read the key of secrets, and make one (mode 0600) at first start.
 *
 * @param file  `<state>/server/secrets.key`; several servers over one database need the same
 * @throws UserError where the file exists and is not a key
 */
export async function openSecretBox(file: string): Promise<SecretBox> {
  let text = await readIfThere(file);
  if (text === undefined) {
    text = randomBytes(32).toString("hex");
    await replaceFile(file, `${text}\n`);
  }
  if (!format.test(text.trim())) {
    throw new UserError(`${file} is not a key of 64 hex digits`, {
      hint: "restore it from a backup; if it is removed the server makes a new one, and channels of alarms need their secrets again",
    });
  }
  return createSecretBox(Buffer.from(text.trim(), "hex"));
}

/** AES-256-GCM; the sealed text is nonce, tag and cipher text in base64. */
export function createSecretBox(key: Uint8Array): SecretBox {
  return {
    seal(text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      if (bytes.length < 28) return undefined;
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
      } catch {
        return undefined; // Another key, or not what we wrote.
      }
    },
  };
}
