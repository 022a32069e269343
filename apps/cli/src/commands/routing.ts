import { type Instance, RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { parseAddressPort, UserError } from "@msec/process";
import { Argument } from "commander";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import type { AddCommand } from "./command.ts";

/** `msec routing in|out <ip:port>…`: the switch that takes instances into routing or out of it. */
export const addRoutingCommand: AddCommand = (program, context) => {
  const { messages, terminal } = context;
  program
    .command("routing")
    .description(messages.routingDescription)
    .addArgument(new Argument("<in|out>", messages.routingDirection))
    .argument("<ip:port...>", messages.routingInstances)
    .option("--json", messages.optionJson)
    .action(async (direction: string, addresses: string[], _options, command) => {
      if (direction !== "in" && direction !== "out") throw usageError(messages.badDirection(direction));
      for (const address of addresses) {
        if (parseAddressPort(address) === undefined) throw usageError(messages.badInstance(address));
      }
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const registry = openOperatorApi(getState(context, options), messages).client(RegistryService);
      const { services } = await registry.listServices({});
      const found = findInstances(
        services.flatMap((service) => service.instances),
        addresses,
      );
      const changed = await registry.setRouting({
        instanceIds: found.map((instance) => instance.id),
        inRouting: direction === "in",
      });
      if (options.json) {
        const instances = changed.instances.map((instance) => ({
          service: instance.service,
          instance: instanceAddress(instance),
          inRouting: instance.inRouting,
        }));
        terminal.out(JSON.stringify({ routeVersion: Number(changed.routeVersion), instances }, null, 2));
        return;
      }
      for (const instance of changed.instances) {
        terminal.out(messages.routingChanged(instanceAddress(instance), instance.service, instance.inRouting));
      }
    });

  function findInstances(instances: readonly Instance[], addresses: readonly string[]): Instance[] {
    const found = addresses.map((address) => instances.find((instance) => instanceAddress(instance) === address));
    const unknown = addresses.filter((_, index) => found[index] === undefined);
    if (unknown.length > 0) {
      throw new UserError(messages.instancesUnknown(unknown.join(", ")), { hint: messages.instancesUnknownHint });
    }
    return found.filter((instance) => instance !== undefined);
  }
};
