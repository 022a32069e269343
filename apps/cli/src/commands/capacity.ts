import { toJson } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { Transport } from "@msec/api/agent/v1/common_pb.js";
import {
  CapacityService,
  ListHostLoadsResponseSchema,
  ListOperationsResponseSchema,
  ListServiceLoadsResponseSchema,
  OperationKind,
  PushRoutesResponseSchema,
} from "@msec/api/console/v1/capacity_pb.js";
import { type Host, InstanceSchema, RegistryService, ServiceKind } from "@msec/api/console/v1/registry_pb.js";
import { parseAddressPort, UserError } from "@msec/process";
import type { Command } from "commander";
import { type OperatorApi, openOperatorApi } from "../api/operator-client.ts";
import { findInstances } from "../capacity/find-instances.ts";
import { followOperation, operationJson, stateWord } from "../capacity/follow-operation.ts";
import { addLimitsOptions, type LimitsOptions, settingsOf, weightOf, wholeNumber } from "../capacity/limits-options.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { formatBytes } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

type Options = GlobalOptions & { json?: boolean };

const transports: Readonly<Record<string, Transport>> = {
  tcp: Transport.TCP,
  udp: Transport.UDP,
  both: Transport.TCP_AND_UDP,
};

/** `msec capacity …`: loads, and changes of capacity (扩容/缩容) that wait until they are done. */
export const addCapacityCommand: AddCommand = (program, context) => {
  const { messages, terminal } = context;
  const capacity = program.command("capacity").helpCommand(false).description(messages.capacityDescription);
  const apiOf = (command: Command): OperatorApi =>
    openOperatorApi(getState(context, command.optsWithGlobals() as GlobalOptions), messages);
  const print = (value: unknown) => terminal.out(JSON.stringify(value, null, 2));

  addChange("in", OperationKind.IN, messages.capacityInDescription);
  addChange("out", OperationKind.OUT, messages.capacityOutDescription);
  addChange("stop", OperationKind.STOP, messages.capacityStopDescription);
  addChange("start", OperationKind.START, messages.capacityStartDescription);
  addChange("restart", OperationKind.RESTART, messages.capacityRestartDescription);
  addChange("reload", OperationKind.RELOAD, messages.capacityReloadDescription);

  capacity
    .command("list", { isDefault: true })
    .description(messages.capacityListDescription)
    .option("--hosts", messages.optionByHost)
    .option("--above <percent>", messages.optionAbove)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals() as Options & { hosts?: boolean; above?: string };
      const abovePercent = options.above === undefined ? 0 : wholeNumber("--above", options.above, 0, 100, messages);
      const client = apiOf(command).client(CapacityService);
      if (options.hosts) await listHosts(client, abovePercent, options.json === true);
      else await listServices(client, abovePercent, options.json === true);
    });

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
    const options = command.optsWithGlobals() as Options & LimitsOptions & AddOptions;
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
      hostId: isExternal ? "" : (await findHost(api, options.host)).id,
      transport,
      weight,
      stopped: options.stopped === true,
      ...(settings === undefined ? {} : { settings }),
    });
    if (instance === undefined) return;
    if (options.json) print(toJson(InstanceSchema, instance, { alwaysEmitImplicit: true }));
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
    const options = command.optsWithGlobals() as Options & LimitsOptions;
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
    if (options.json) print(toJson(InstanceSchema, instance, { alwaysEmitImplicit: true }));
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
      if ((command.optsWithGlobals() as Options).json) {
        print({ removed: instances.map((each) => ({ service: each.service, instance: instanceAddress(each) })) });
        return;
      }
      for (const each of instances) terminal.out(messages.instanceRemoved(instanceAddress(each), each.service));
    });

  capacity
    .command("operations")
    .description(messages.capacityOperationsDescription)
    .option("--service <name>", messages.optionOfService)
    .option("--running", messages.optionRunning)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals() as Options & { service?: string; running?: boolean };
      const request = { service: options.service ?? "", running: options.running === true };
      const answer = await apiOf(command).client(CapacityService).listOperations(request);
      if (options.json) {
        print(toJson(ListOperationsResponseSchema, answer, { alwaysEmitImplicit: true }));
      } else if (answer.operations.length === 0) {
        terminal.out(messages.noOperations);
      } else {
        const columns = [
          { heading: messages.headingOperation },
          { heading: messages.headingKind },
          { heading: messages.headingState },
          { heading: messages.headingStarted },
          { heading: messages.headingSummary },
        ];
        const rows = answer.operations.map((each) => [
          each.id,
          kindWord(each.kind),
          stateWord(each.state, messages),
          new Date(each.startedMs).toISOString(),
          each.summary,
        ]);
        for (const line of tableLines(columns, rows)) terminal.out(line);
      }
    });

  capacity
    .command("watch")
    .description(messages.capacityWatchDescription)
    .argument("<operation>", messages.capacityOperation)
    .option("--json", messages.optionJson)
    .action(async (id: string, _options, command: Command) => {
      await followOperation(apiOf(command), id, context, (command.optsWithGlobals() as Options).json === true);
    });

  capacity
    .command("cancel")
    .description(messages.capacityCancelDescription)
    .argument("<operation>", messages.capacityOperation)
    .option("--json", messages.optionJson)
    .action(async (id: string, _options, command: Command) => {
      const { operation } = await apiOf(command).client(CapacityService).cancelOperation({ id });
      if (operation === undefined) return;
      if ((command.optsWithGlobals() as Options).json) print(operationJson(operation));
      else terminal.out(operation.summary);
    });

  capacity
    .command("push")
    .description(messages.capacityPushDescription)
    .argument("[host...]", messages.capacityHosts)
    .option("--json", messages.optionJson)
    .action(async (names: string[], _options, command: Command) => {
      const api = apiOf(command);
      const hostIds: string[] = [];
      for (const name of names) hostIds.push((await findHost(api, name)).id);
      const answer = await api.client(CapacityService).pushRoutes({ hostIds });
      if ((command.optsWithGlobals() as Options).json) {
        print(toJson(PushRoutesResponseSchema, answer, { alwaysEmitImplicit: true }));
      } else {
        terminal.out(messages.pushed(answer.hostsConnected, answer.hostsWaiting));
      }
    });

  function addChange(name: string, kind: OperationKind, description: string): void {
    const command = capacity
      .command(name)
      .description(description)
      .argument("<ip:port...>", messages.capacityInstances)
      .option("--wait", messages.optionWait)
      .option("--timeout <seconds>", messages.optionStepTimeout)
      .option("--json", messages.optionJson);
    // These two take nothing out of routing.
    if (kind !== OperationKind.START && kind !== OperationKind.RELOAD) command.option("--force", messages.optionForce);
    if (kind === OperationKind.RESTART || kind === OperationKind.RELOAD)
      command.option("--batch <n>", messages.optionBatch);
    command.action(async (addresses: string[], _options, self: Command) => {
      const options = self.optsWithGlobals() as Options & ChangeOptions;
      const { timeout, batch } = options;
      const request = {
        kind,
        stepTimeoutMs: timeout === undefined ? 0 : wholeNumber("--timeout", timeout, 1, 3600, messages) * 1000,
        batch: batch === undefined ? 0 : wholeNumber("--batch", batch, 1, 1000, messages),
        force: options.force === true,
      };
      const api = apiOf(self);
      const instances = await findInstances(api, addresses, messages);
      const instanceIds = instances.map(({ id }) => id);
      const { operation } = await api.client(CapacityService).startOperation({ ...request, instanceIds });
      if (operation === undefined) return;
      if (options.wait) await followOperation(api, operation.id, context, options.json === true);
      else if (options.json) print(operationJson(operation));
      else terminal.out(messages.operationBegun(operation.id));
    });
  }

  function kindWord(kind: OperationKind): string {
    switch (kind) {
      case OperationKind.IN:
        return messages.operationKindIn;
      case OperationKind.OUT:
        return messages.operationKindOut;
      case OperationKind.STOP:
        return messages.operationKindStop;
      case OperationKind.START:
        return messages.operationKindStart;
      case OperationKind.RELOAD:
        return messages.operationKindReload;
      default:
        return messages.operationKindRestart;
    }
  }

  function placeOf(endpoint: string | undefined): { address?: string; port?: number } {
    if (endpoint === undefined) return {};
    if (/^\d{1,5}$/.test(endpoint) && Number(endpoint) <= 65_535) return { port: Number(endpoint) };
    const place = parseAddressPort(endpoint);
    if (place === undefined) throw usageError(messages.badInstance(endpoint));
    return place;
  }

  async function findHost(api: OperatorApi, name: string | undefined): Promise<Host> {
    const { hosts } = await api.client(RegistryService).listHosts({});
    if (name === undefined && hosts.length !== 1) throw usageError(messages.hostNeeded, messages.hostsUnknownHint);
    const host = name === undefined ? hosts[0] : hosts.find((each) => each.name === name);
    if (host === undefined) throw new UserError(messages.hostUnknown(name ?? ""), { hint: messages.hostsUnknownHint });
    return host;
  }

  async function listServices(client: CapacityClient, abovePercent: number, json: boolean): Promise<void> {
    const answer = await client.listServiceLoads({ abovePercent });
    if (json) {
      print(toJson(ListServiceLoadsResponseSchema, answer, { alwaysEmitImplicit: true }));
      return;
    }
    const columns = [
      { heading: messages.headingService },
      { heading: messages.headingLoadPercent, align: "right" as const },
      { heading: messages.headingInstances, align: "right" as const },
      { heading: messages.headingRouted, align: "right" as const },
      { heading: messages.headingReporting, align: "right" as const },
      { heading: messages.headingCpu, align: "right" as const },
      { heading: messages.headingMemory, align: "right" as const },
      { heading: messages.headingInFlight, align: "right" as const },
    ];
    const rows = answer.services.map((load) => [
      load.service,
      `${Math.round(load.loadPercent)} %`,
      String(load.instances),
      load.inTables === load.inRouting ? String(load.inRouting) : `${load.inTables}/${load.inRouting}`,
      String(load.reporting),
      `${Math.round(load.cpuPercent)} %`,
      formatBytes(load.memoryBytes),
      String(load.inFlight),
    ]);
    for (const line of tableLines(columns, rows)) terminal.out(line);
  }

  async function listHosts(client: CapacityClient, abovePercent: number, json: boolean): Promise<void> {
    const answer = await client.listHostLoads({ abovePercent });
    if (json) {
      print(toJson(ListHostLoadsResponseSchema, answer, { alwaysEmitImplicit: true }));
      return;
    }
    const columns = [
      { heading: messages.headingName },
      { heading: messages.headingAddress },
      { heading: messages.headingCpu, align: "right" as const },
      { heading: messages.headingMemory, align: "right" as const },
      { heading: messages.headingDisk, align: "right" as const },
      { heading: messages.headingNetwork, align: "right" as const },
      { heading: messages.headingInstances, align: "right" as const },
    ];
    const rows = answer.hosts.map(({ host, cpuPercent, memoryPercent, diskPercent, instances, inRouting }) => [
      host?.name ?? "",
      host?.address ?? "",
      `${Math.round(cpuPercent)} %`,
      `${Math.round(memoryPercent)} %`,
      `${Math.round(diskPercent)} %`,
      `${formatBytes((host?.networkReceiveRate ?? 0) + (host?.networkTransmitRate ?? 0))}/s`,
      `${inRouting}/${instances}`,
    ]);
    for (const line of tableLines(columns, rows)) terminal.out(line);
  }
};

type CapacityClient = Client<typeof CapacityService>;
interface AddOptions {
  readonly host?: string;
  readonly transport?: string;
  readonly stopped?: boolean;
}
interface ChangeOptions {
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly batch?: string;
  readonly force?: boolean;
}
