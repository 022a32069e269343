import { create, toJson } from "@bufbuild/protobuf";
import {
  type Instance,
  type ListServicesResponse,
  ListServicesResponseSchema,
  RegistryService,
  type Service,
  ServiceKind,
} from "@msec/api/console/v1/registry_pb.js";
import { openOperatorApi } from "../api/operator-client.ts";
import { type GlobalOptions, getState } from "../context.ts";
import { instanceAddress } from "../output/instance-address.ts";
import { processStateText, wordsOfStates } from "../output/process-state.ts";
import { formatUptime } from "../output/quantity.ts";
import { padText, textWidth } from "../output/text-width.ts";
import { type TreeNode, treeLines } from "../output/tree.ts";
import type { AddCommand } from "./command.ts";

/** `msec services`: the tree of services with their instances. */
export const addServicesCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  program
    .command("services")
    .description(messages.servicesDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const options = command.optsWithGlobals() as GlobalOptions & { json?: boolean };
      const api = openOperatorApi(getState(context, options), messages);
      const response = await api.client(RegistryService).listServices({});
      if (options.json) {
        terminal.out(JSON.stringify(servicesJson(response), null, 2));
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
    return { text, children: instanceTexts(service.instances).map((line) => ({ text: line, children: [] })) };
  }

  function instanceTexts(instances: readonly Instance[]): string[] {
    const cells = instances.map((instance) => [
      instanceAddress(instance),
      instance.hostName,
      processStateText(wordsOfStates[instance.process?.state ?? 0] ?? "unknown", context),
      routingText(instance),
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
    return instance.inRouting ? style.good(messages.inRouting) : style.warn(messages.outOfRouting);
  }

  function uptimeText({ process }: Instance): string {
    const runs = process !== undefined && process.pid !== 0;
    return runs ? style.faint(`pid ${process.pid}, ${formatUptime(Date.now() - process.startedMs)}`) : "";
  }
};

/** The response in protobuf's JSON, with fields that have their default value too: a script finds every key. */
function servicesJson(response: ListServicesResponse): unknown {
  return toJson(ListServicesResponseSchema, create(ListServicesResponseSchema, response), { alwaysEmitImplicit: true });
}
