import { readFileSync, statSync } from "node:fs";
import { UserError } from "@msec/process";

/**
 * Read the headers for a collector.
 *
 * @param file  one `name: value` a line, `#` begins a comment; "" for none
 * @throws UserError where it cannot be read, others can read it, or a line is no header
 */
export function readHeadersFile(file: string): Readonly<Record<string, string>> {
  if (file === "") return {};
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new UserError(`other users can read ${file}, which may have a secret`, { hint: `chmod 600 ${file}` });
    }
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`otlp_export_headers_file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const headers: Record<string, string> = {};
  for (const [position, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const match = /^([A-Za-z0-9-]{1,100}):\s*([\x20-\x7e]{1,4096})$/.exec(line.trimEnd());
    // The line itself may be a secret.
    if (match === null) throw new UserError(`${file}:${position + 1}: expected "name: value"`);
    headers[match[1]!.toLowerCase()] = match[2]!;
  }
  return headers;
}
