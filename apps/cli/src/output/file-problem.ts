import { systemErrorCode } from "@msec/process";
import type { Messages } from "../messages/messages.ts";

/** Why a file could not be read, in words where people meet it often, else as the system calls it: `EIO`. */
export function fileProblem(cause: unknown, messages: Messages): string {
  const code = systemErrorCode(cause);
  if (code === "ENOENT") return messages.fileMissing;
  if (code === "EACCES") return messages.fileForbidden;
  if (code === "EISDIR") return messages.fileIsDirectory;
  return code ?? String(cause);
}
