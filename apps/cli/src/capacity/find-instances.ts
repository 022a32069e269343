import { type Instance, RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { parseAddressPort, UserError } from "@msec/process";
import type { OperatorApi } from "../api/operator-client.ts";
import { usageError } from "../context.ts";
import type { Messages } from "../messages/messages.ts";
import { instanceAddress } from "../output/instance-address.ts";

/**
 * The instances at addresses, in their order.
 *
 * @param addresses  `127.0.0.1:7963`
 * @throws UserError  what is no address:port (exit status 2); an address at which no service has an instance
 */
export async function findInstances(
  api: OperatorApi,
  addresses: readonly string[],
  messages: Messages,
): Promise<Instance[]> {
  for (const address of addresses) {
    if (parseAddressPort(address) === undefined) throw usageError(messages.badInstance(address));
  }
  const { services } = await api.client(RegistryService).listServices({});
  const byAddress = new Map(
    services.flatMap(({ instances }) => instances.map((instance) => [instanceAddress(instance), instance])),
  );
  const found = addresses.map((address) => byAddress.get(address));
  const unknown = addresses.filter((_, index) => found[index] === undefined);
  if (unknown.length > 0) {
    throw new UserError(messages.instancesUnknown(unknown.join(", ")), { hint: messages.instancesUnknownHint });
  }
  return found.filter((instance) => instance !== undefined);
}
