import { readFile } from "node:fs/promises";
import { systemErrorCode, UserError } from "@msec/process";

/**
 * The text of a file, or `undefined` where there is none.
 *
 * @throws UserError  the file is there and cannot be read
 */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw new UserError(`cannot read ${file} (${systemErrorCode(error) ?? String(error)})`, {
      hint: "check its owner and permissions",
      cause: error,
    });
  }
}
