import { Code, RpcError } from "@msec/rpc";

const part = /^[a-zA-Z][a-zA-Z0-9_]{1,31}$/;

/**
 * Check the name of a service, `Flight.mod_flight`.
 *
 * Names become directories (`/msec/Flight/mod_flight`): `agent` is taken there.
 *
 * @throws RpcError InvalidArgument
 */
export function assertServiceName(name: string): void {
  const parts = name.split(".");
  if (parts.length !== 2 || !parts.every((text) => part.test(text))) {
    throw new RpcError(
      Code.InvalidArgument,
      `service name ${JSON.stringify(name.slice(0, 80))} must be two parts with a dot between, each a letter and then 1…31 letters, digits or underscores, like Flight.mod_flight`,
    );
  }
  if (parts.includes("agent")) {
    throw new RpcError(
      Code.InvalidArgument,
      `service name ${name}: "agent" is the name of msec's own agent; choose another`,
    );
  }
}
