import { Transport } from "@msec/api/agent/v1/common_pb.js";
import { InstanceSchema, RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { parseAddressPort } from "@msec/process";
import type { Command } from "commander";
import { findHost } from "../api/find-host.ts";
import { type CommandContext, usageError } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { messageJson } from "../output/message-json.ts";
import { type CapacityOptions, capacityTools } from "./capacity-tools.ts";
import { findInstances } from "./find-instances.ts";
import { addLimitsOptions, type LimitsOptions, settingsOf, weightOf } from "./limits-options.ts";

const transports: Readonly<Record<string, Transport>> = {
  tcp: Transport.TCP,
  udp: Transport.UDP,
  both: Transport.TCP_AND_UDP,
};

type AddOptions = CapacityOptions &
  LimitsOptions & { readonly host?: string; readonly transport?: string; readonly stopped?: boolean };

/** `msec capacity add`, `set` and `remove`: which instances there are, with their weights and limits. */
export function addInstanceCommands(capacity: Command, context: CommandContext): void {
  const { messages, terminal } = context;
  const { apiOf, print, wantsJson } = capacityTools(context);

  addLimitsOptions(
    capacity
      .command("add")
      .description(messages.capacityAddDescription)
      .argument("<service>", messages.capacityService)
      .argument("[ip:port]", messages.capacityEndpoint)
      .option("--host <name>", messages.optionHost)
      .option("--transport <name>", messages.optionTransport)
      .option("--stopped", messages.optionStopped)
      .option("--json", messages.optionJson),
    messages,
  ).action(async (service: string, endpoint: string | undefined, _options, command: Command) => {
    const options = command.optsWithGlobals() as AddOptions;
    const place = placeOf(endpoint);
    const transport = options.transport === undefined ? Transport.UNSPECIFIED : transports[options.transport];
    if (transport === undefined) throw usageError(messages.badTransport(options.transport ?? ""));
    const weight = weightOf(options, messages);
    const settings = settingsOf(options, undefined, messages);
    const api = apiOf(command);
    const registry = api.client(RegistryService);
    const { service: found } = await registry.getService({ name: service });
    const isExternal = found?.kind === ServiceKind.EXTERNAL;
    const { instance } = await registry.addInstance({
      service,
      ...place,
      hostId: isExternal ? "" : (await findHost(api, options.host, messages)).id,
      transport,
      weight,
      stopped: options.stopped === true,
      ...(settings === undefined ? {} : { settings }),
    });
    if (instance === undefined) return;
    if (options.json) print(messageJson(InstanceSchema, instance));
    else terminal.out(messages.instanceAdded(instanceAddress(instance), service));
  });

  addLimitsOptions(
    capacity
      .command("set")
      .description(messages.capacitySetDescription)
      .argument("<ip:port>", messages.capacityInstances)
      .option("--json", messages.optionJson),
    messages,
  ).action(async (address: string, _options, command: Command) => {
    const options = command.optsWithGlobals() as CapacityOptions & LimitsOptions;
    const weight = weightOf(options, messages);
    const api = apiOf(command);
    const [before] = await findInstances(api, [address], messages);
    const settings = settingsOf(options, before?.settings, messages);
    const { instance } = await api.client(RegistryService).setInstance({
      instanceId: before?.id ?? "",
      weight,
      ...(settings === undefined ? {} : { settings }),
    });
    if (instance === undefined) return;
    if (options.json) print(messageJson(InstanceSchema, instance));
    else terminal.out(messages.instanceSet(instanceAddress(instance), instance.service));
  });

  capacity
    .command("remove")
    .description(messages.capacityRemoveDescription)
    .argument("<ip:port...>", messages.capacityInstances)
    .option("--json", messages.optionJson)
    .action(async (addresses: string[], _options, command: Command) => {
      const api = apiOf(command);
      const instances = await findInstances(api, addresses, messages);
      await api.client(RegistryService).removeInstances({ instanceIds: instances.map(({ id }) => id) });
      if (wantsJson(command)) {
        return print({
          removed: instances.map((each) => ({ service: each.service, instance: instanceAddress(each) })),
        });
      }
      for (const each of instances) terminal.out(messages.instanceRemoved(instanceAddress(each), each.service));
    });

  function placeOf(endpoint: string | undefined): { address?: string; port?: number } {
    if (endpoint === undefined) return {};
    if (/^\d{1,5}$/.test(endpoint) && Number(endpoint) <= 65_535) return { port: Number(endpoint) };
    const place = parseAddressPort(endpoint);
    if (place === undefined) throw usageError(messages.badInstance(endpoint));
    return place;
  }
}
