import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { systemErrorCode } from "../node-error.ts";
import { replaceFile } from "./replace-file.ts";

/** What `readChecked` found. */
export type CheckedFile =
  | { readonly status: "absent" }
  | { readonly status: "intact"; readonly value: unknown }
  /** The file was set aside under `movedTo`, so that somebody can look at it. */
  | { readonly status: "damaged"; readonly reason: string; readonly movedTo: string };

/**
 * Write a JSON value with its SHA-256, replacing the file atomically.
 *
 * @param value  anything JSON can hold; bigints are not (use `toJson` of protobuf)
 * @param mode   permissions; default 0600
 */
export async function writeChecked(file: string, value: unknown, mode = 0o600): Promise<void> {
  const text = JSON.stringify(value);
  await replaceFile(file, `{"sha256":"${sha256(text)}","value":${text}}\n`, mode);
}

/**
 * Read what `writeChecked` wrote. A file that is damaged (torn, edited, bad disk) is renamed to `<file>.damaged`, replacing
 * an older one, and reported: the caller logs it and goes on as if there were none.
 *
 * @throws what the file system says when the file exists and cannot be read
 */
export async function readChecked(file: string): Promise<CheckedFile> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { status: "absent" };
    throw error;
  }
  const envelope = parseEnvelope(text);
  if (typeof envelope !== "string") return { status: "intact", value: envelope.value };
  const movedTo = `${file}.damaged`;
  await rename(file, movedTo);
  return { status: "damaged", reason: envelope, movedTo };
}

/** The envelope, or why it is none. */
function parseEnvelope(text: string): { value: unknown } | string {
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  if (typeof envelope !== "object" || envelope === null || !("sha256" in envelope) || !("value" in envelope)) {
    return "it has no checksum";
  }
  // Stringifying what was parsed gives the text that was hashed: JSON keeps the order of keys.
  if (envelope.sha256 !== sha256(JSON.stringify(envelope.value))) return "its checksum does not match";
  return { value: envelope.value };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
