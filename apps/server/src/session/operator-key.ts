import { replaceFile, UserError } from "@msec/process";
import { readIfThere } from "../config/read-if-there.ts";
import { createToken } from "./token.ts";

const format = /^[A-Za-z0-9_-]{43}$/;

/**
 * Read the operator's key, the bearer token of the CLI, and make one (mode 0600) at first start.
 *
 * Who can read the file may do everything: it is for those who may already read the database beside it.
 *
 * @param file  `<state>/server/operator.key`
 * @throws UserError where the file exists and is not a key
 */
export async function openOperatorKey(file: string): Promise<string> {
  const found = await readIfThere(file);
  if (found === undefined) {
    const key = createToken();
    await replaceFile(file, `${key}\n`);
    return key;
  }
  if (!format.test(found.trim())) {
    throw new UserError(`${file} is not an operator's key of 43 characters`, {
      hint: "remove it: the server makes a new one when it starts",
    });
  }
  return found.trim();
}
