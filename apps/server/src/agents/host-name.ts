import { Code, RpcError } from "@msec/rpc";

/**
 * Check the name of a host, as people know it.
 *
 * @throws RpcError InvalidArgument unless it is 1…63 letters, digits and `._-`, beginning with a letter or digit
 */
export function assertHostName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(name)) {
    throw new RpcError(
      Code.InvalidArgument,
      `host name ${JSON.stringify(name.slice(0, 80))} must be 1…63 letters, digits and ._-, beginning with a letter or digit`,
    );
  }
}
