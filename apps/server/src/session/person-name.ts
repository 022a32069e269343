import { Code, RpcError } from "@msec/rpc";

/** The header in which who has the operator's key says who acts, percent-encoded. */
export const authorHeader = "msec-author";

const format = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@+'-]{0,63}$/u;

/**
 * The name of a person, as comments, rules and operations show it.
 *
 * @throws RpcError InvalidArgument where it is not 1…64 letters, digits, blanks and `._@+'-`, a letter or digit first
 */
export function personName(text: string): string {
  const name = text.trim();
  if (format.test(name)) return name;
  throw new RpcError(
    Code.InvalidArgument,
    `name ${JSON.stringify(name.slice(0, 80))} must be 1…64 letters, digits, blanks and ._@+'-, beginning with a letter or digit`,
  );
}

/** The name that a header carries; "" where it has none that can be shown. */
export function nameFromHeader(value: string | string[] | undefined): string {
  if (typeof value !== "string") return "";
  try {
    return personName(decodeURIComponent(value));
  } catch {
    // A tool's own header must not keep its owner out; what it does is then the operator's.
    return "";
  }
}
