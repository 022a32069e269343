import { RegistryService } from "@msec/api/console/v1/registry_pb.js";
import { Argument } from "commander";
import { openOperatorApi } from "../api/operator-client.ts";
import { findInstances } from "../capacity/find-instances.ts";
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
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const found = await findInstances(api, addresses, messages);
      const changed = await api.client(RegistryService).setRouting({
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
};
