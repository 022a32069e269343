import { certificateFingerprint, createTlsIdentity, replaceFile, type TlsIdentity, UserError } from "@msec/process";
import { z } from "zod";
import { readIfThere } from "../config/read-if-there.ts";

const schema = z.strictObject({
  key: z.string().startsWith("-----BEGIN PRIVATE KEY"),
  certificate: z.string().startsWith("-----BEGIN CERTIFICATE"),
});

/** The key and certificate with which the server meets agents. */
export interface ServerIdentity extends TlsIdentity {
  /** SHA-256 of the certificate, lower-case hex: what agents pin. */
  readonly fingerprint: string;
}

/**
 * Read the server's identity, and make one (mode 0600) at first start.
 *
 * Agents know the server by it: lost, all of them have to enrol again. So a file that cannot be read as one is an error,
 * never a reason to make another.
 *
 * @param file  `<state>/server/identity.json`
 * @throws UserError where the file exists and is not an identity
 */
export async function openServerIdentity(file: string): Promise<ServerIdentity> {
  const text = await readIfThere(file);
  if (text === undefined) {
    const made = createTlsIdentity("msec server");
    await replaceFile(file, `${JSON.stringify(made, null, 2)}\n`);
    return { ...made, fingerprint: certificateFingerprint(made.certificate) };
  }
  try {
    const read = schema.parse(JSON.parse(text));
    return { ...read, fingerprint: certificateFingerprint(read.certificate) };
  } catch (error) {
    throw new UserError(`${file} is not a server identity`, {
      hint: "restore it from a backup; without it remove it, and enrol every agent again",
      cause: error,
    });
  }
}
