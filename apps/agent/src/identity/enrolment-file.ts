import { readFileSync } from "node:fs";
import { systemErrorCode, UserError } from "@msec/process";
import { z } from "zod";

const enrolmentSchema = z.object({
  /** `address:port` to dial; with standbys, separated by commas. */
  server: z.string().min(1).max(300),
  /** SHA-256 of the server's certificate, hex. */
  fingerprint: z.string().transform((text, context) => {
    const hex = text.replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(hex)) context.addIssue({ code: "custom", message: "expected 64 hex digits" });
    return hex;
  }),
  token: z.string().min(1).max(1000),
});

/** What an agent needs to enrol. */
export type Enrolment = z.output<typeof enrolmentSchema>;

/**
 * Read an enrolment file: JSON `{server, fingerprint, token}`, or the token alone where server and fingerprint are known
 * from the configuration.
 *
 * @param configured  server and fingerprint of `[agent]`, as far as they are set; used for a token alone
 * @returns `undefined` when there is no such file
 * @throws UserError when it cannot be read or understood
 */
export function readEnrolmentFile(
  file: string,
  configured: { readonly server?: string | undefined; readonly fingerprint?: string | undefined },
): Enrolment | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw new UserError(`cannot read the enrolment file ${file}: ${systemErrorCode(cause) ?? cause}`, { cause });
  }
  const parsed = enrolmentSchema.safeParse(
    text.startsWith("{") ? parseJson(file, text) : { ...configured, token: text },
  );
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new UserError(`${file}: ${issue.path.join(".")}: ${issue.message}`, {
    hint: 'it must be {"server": "address:port", "fingerprint": "64 hex digits", "token": "…"}, or a token alone with server and server_fingerprint in [agent] of msec.ini',
  });
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Not the parser's message: it quotes the text, and with it the token.
    throw new UserError(`${file} is not JSON`, { hint: "get a new enrolment token", cause });
  }
}
