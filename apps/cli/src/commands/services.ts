import {
  type Instance,
  ListServicesResponseSchema,
  RegistryService,
  type Service,
  ServiceKind,
  ServiceSchema,
} from "@msec/api/console/v1/registry_pb.js";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import { openOperatorApi } from "../api/operator-client.ts";
import { wholeNumber } from "../capacity/limits-options.ts";
import { type GlobalOptions, getState, usageError } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { messageJson } from "../output/message-json.ts";
import { processStateText, wordsOfStates } from "../output/process-state.ts";
import { formatUptime } from "../output/quantity.ts";
import { runningReleases } from "../output/running-releases.ts";
import { padText, textWidth } from "../output/text-width.ts";
import { type TreeNode, treeLines } from "../output/tree.ts";
import type { AddCommand } from "./command.ts";

type Options = GlobalOptions & { json?: boolean };

/** `msec services`: the tree of services with their instances; `add`, `remove` and `policy` change services. */
export const addServicesCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  const services = program.command("services");
  const registryOf = (command: Command) =>
    openOperatorApi(getState(context, command.optsWithGlobals() as GlobalOptions), messages).client(RegistryService);
  const say = (command: Command, service: Service | undefined, text: string) => {
    if ((command.optsWithGlobals() as Options).json !== true) terminal.out(text);
    else if (service !== undefined) terminal.out(JSON.stringify(messageJson(ServiceSchema, service), null, 2));
  };

  services
    .command("add")
    .description(messages.servicesAddDescription)
    .argument("<service>", messages.capacityService)
    .option("--external", messages.optionExternal)
    .option("--port <n>", messages.optionPort)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals() as { external?: boolean; port?: string };
      const defaultPort = options.port === undefined ? 0 : wholeNumber("--port", options.port, 0, 65_535, messages);
      const kind = options.external ? ServiceKind.EXTERNAL : ServiceKind.STANDARD;
      const { service } = await registryOf(command).createService({ name, kind, defaultPort });
      say(command, service, messages.serviceAdded(name));
    });

  services
    .command("remove")
    .description(messages.servicesRemoveDescription)
    .argument("<service>", messages.capacityService)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      await registryOf(command).removeService({ name });
      if ((command.optsWithGlobals() as Options).json) terminal.out(JSON.stringify({ removed: name }));
      else terminal.out(messages.serviceRemoved(name));
    });

  services
    .command("policy")
    .description(messages.servicesPolicyDescription)
    .argument("<service>", messages.capacityService)
    .option("--policy <name>", messages.optionPolicy)
    .option("--hash-key <source>", messages.optionHashKey)
    .option("--locality", messages.optionLocality)
    .option("--constant <name=number>", messages.optionConstant, (text, all: string[]) => [...all, text], [])
    .option("--reset", messages.optionResetPolicy)
    .option("--json", messages.optionJson)
    .action(async (service: string, _options, command: Command) => {
      const options = command.optsWithGlobals() as PolicyOptions;
      const policy = policyOf(options);
      if (policy !== undefined && options.reset) throw usageError(messages.policyOrReset);
      const registry = registryOf(command);
      if (policy === undefined && !options.reset) {
        const { services } = await registry.listServices({});
        const found = services.find(({ name }) => name === service);
        if (found === undefined) {
          throw new UserError(messages.serviceUnknown(service), { hint: messages.instancesUnknownHint });
        }
        say(command, found, messages.policySet(service, policyText(found)));
        return;
      }
      const answer = await registry.setRoutingPolicy({ service, ...(policy === undefined ? {} : { policy }) });
      say(command, answer.service, messages.policySet(service, policyText(answer.service)));
    });

  function policyText(service: Service | undefined): string {
    const set = service?.policy;
    if (set === undefined) return messages.policyDefault;
    const constants = Object.entries(set.constants).map((pair) => pair.join("="));
    return [set.name, set.hashKey, set.locality ? "locality" : "", ...constants].filter(Boolean).join(", ");
  }

  function policyOf({ policy, hashKey, locality, constant }: PolicyOptions) {
    if (policy === undefined && hashKey === undefined && locality !== true && constant.length === 0) return undefined;
    const constants = Object.fromEntries(
      constant.map((text) => {
        const [, name = "", value = ""] = /^([A-Za-z]\w*)=(.+)$/.exec(text) ?? [];
        if (name === "" || !Number.isFinite(Number(value))) throw usageError(messages.badConstant(text));
        return [name, Number(value)];
      }),
    );
    return { name: policy ?? "", hashKey: hashKey ?? "", locality: locality === true, constants };
  }

  services
    .description(messages.servicesDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const response = await api.client(RegistryService).listServices({});
      if (options.json) {
        terminal.out(JSON.stringify(messageJson(ListServicesResponseSchema, response), null, 2));
      } else if (response.services.length === 0) {
        terminal.out(messages.noServices);
      } else {
        for (const line of treeLines(serviceTree(response.services))) terminal.out(line);
      }
    });

  function serviceTree(services: readonly Service[]): TreeNode[] {
    const groups = Map.groupBy(services, (service) => service.name.split(".")[0] ?? "");
    return [...groups].map(([group, members]) => ({ text: style.strong(group), children: members.map(serviceNode) }));
  }

  function serviceNode(service: Service): TreeNode {
    const kind = service.kind === ServiceKind.EXTERNAL ? `  ${style.faint(messages.externalService)}` : "";
    const text = `${service.name}${kind}`;
    if (service.instances.length === 0) return { text: `${text}  ${style.faint(messages.noInstances)}`, children: [] };
    const releases = runningReleases(service.instances.map(releaseOf));
    const mixed =
      releases.length < 2
        ? ""
        : `  ${style.warn(messages.servicesMixed(releases.map(([release, count]) => `${release} (${count})`).join(", ")))}`;
    const children = instanceTexts(service.instances).map((line) => ({ text: line, children: [] }));
    return { text: `${text}${mixed}`, children };
  }

  function instanceTexts(instances: readonly Instance[]): string[] {
    const cells = instances.map((instance) => [
      instanceAddress(instance),
      instance.hostName,
      processStateText(wordsOfStates[instance.process?.state ?? 0] ?? "unknown", context),
      routingText(instance),
      releaseOf(instance),
      uptimeText(instance),
    ]);
    const widths = cells[0]?.map((_, index) => Math.max(...cells.map((row) => textWidth(row[index] ?? "")))) ?? [];
    return cells.map((row) =>
      row
        .map((cell, index) => padText(cell, widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }

  function routingText(instance: Instance): string {
    // Nobody calls what listens on nothing.
    if (instance.port === 0) return style.faint("–");
    if (instance.withheld) return style.bad(messages.instanceWithheld);
    const silent = instance.silentSinceMs === 0 ? "" : `, ${silentText(instance)}`;
    return instance.inRouting ? style.good(messages.inRouting + silent) : style.warn(messages.outOfRouting + silent);
  }

  function silentText({ silentSinceMs }: Instance): string {
    return messages.instanceSilent(formatUptime(Date.now() - silentSinceMs));
  }

  function uptimeText({ process }: Instance): string {
    const runs = process !== undefined && process.pid !== 0;
    return runs ? style.faint(`pid ${process.pid}, ${formatUptime(Date.now() - process.startedMs)}`) : "";
  }
};

/** What an instance that runs was started from; empty where nobody knows. */
function releaseOf({ process }: Instance): string {
  return process === undefined || process.pid === 0 ? "" : process.release;
}

interface PolicyOptions {
  readonly policy?: string;
  readonly hashKey?: string;
  readonly locality?: boolean;
  readonly constant: readonly string[];
  readonly reset?: boolean;
}
