import { isServiceName } from "@msec/api/service-name";
import { Code, RpcError } from "@msec/rpc";

/**
 * Check the name of a service, `Flight.mod_flight`.
 *
 * Names become directories (`/msec/Flight/mod_flight`): `agent` is taken there.
 *
 * @throws RpcError InvalidArgument
 */
export function assertServiceName(name: string): void {
  if (!isServiceName(name)) {
    throw new RpcError(
      Code.InvalidArgument,
      `service name ${JSON.stringify(name.slice(0, 80))} must be two parts with a dot between, each a letter and then 1…31 letters, digits or underscores, like Flight.mod_flight`,
    );
  }
  if (name.split(".").includes("agent")) {
    throw new RpcError(
      Code.InvalidArgument,
      `service name ${name}: "agent" is the name of msec's own agent; choose another`,
    );
  }
}
