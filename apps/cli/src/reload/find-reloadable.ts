import { type Instance, RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { UserError } from "@msec/process";
import type { OperatorApi } from "../api/operator-client.ts";
import type { Messages } from "../messages/messages.ts";
import { instanceAddress } from "../output/instance-address.ts";
import type { ReloadTarget } from "./reload-target.ts";

/**
 * The instances that the server knows and that are meant: those that are to run, on any host of ours.
 *
 * @throws UserError  an address at which the service has no instance
 */
export async function findReloadable(api: OperatorApi, target: ReloadTarget, messages: Messages): Promise<Instance[]> {
  const { service } = await api.client(RegistryService).getService({ name: target.service });
  const instances = service?.instances ?? [];
  const { at, addresses } = target;
  const unknown = addresses.filter((address) => !instances.some((one) => instanceAddress(one) === address));
  if (unknown.length > 0) {
    throw new UserError(messages.instancesUnknown(unknown.join(", ")), { hint: messages.instancesUnknownHint });
  }
  // Named ones go to the server as they are: it says what stands in the way.
  if (addresses.length > 0) return instances.filter((one) => addresses.includes(instanceAddress(one)));
  return instances.filter(
    (one) =>
      one.hostId !== "" && one.run && (at === "" || [instanceAddress(one), one.hostName, one.address].includes(at)),
  );
}
