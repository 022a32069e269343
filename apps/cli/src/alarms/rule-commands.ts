import type { AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { channelKeys, ruleDocument, ruleForm, ruleFromDocument } from "./alarm-documents.ts";
import { type AlarmApi, alarmTools } from "./alarm-tools.ts";
import { type Document, documentFromWords, documentKeys } from "./document.ts";
import { addNamedCommands } from "./named-commands.ts";

/** `msec alarms rule`: list, show, set, preview and remove rules. */
export function addRuleCommands(alarms: Command, context: CommandContext): void {
  const { messages, terminal, style } = context;
  const { open, print, getRule, severityText } = alarmTools(context);

  const rule = addNamedCommands<AlarmRule>(alarms, context, {
    word: "rule",
    key: "rules",
    descriptions: {
      all: messages.alarmsRuleDescription,
      list: messages.alarmsRulesDescription,
      show: messages.alarmsRuleShowDescription,
      remove: messages.alarmsRuleRemoveDescription,
    },
    argument: messages.alarmRule,
    none: messages.alarmsNoRules,
    columns: [
      { heading: messages.alarmHeadingRule },
      { heading: messages.alarmHeadingSeverity },
      { heading: messages.alarmHeadingTarget },
      { heading: messages.alarmHeadingChannels },
      { heading: messages.alarmHeadingBy },
    ],
    read: async (api) => {
      const [{ rules }, names] = [await api.listAlarmRules({}), await channelNames(api)];
      const nameOf = (id: string) => names.get(id) ?? id;
      return { items: rules, document: (one) => ruleDocument(one, nameOf), row: (one) => rowOf(one, nameOf) };
    },
    find: getRule,
    remove: (api, id) => api.deleteAlarmRule({ id }),
  });

  function rowOf(one: AlarmRule, nameOf: (id: string) => string): string[] {
    return [
      one.name,
      one.enabled ? severityText(one.severity) : style.faint(messages.alarmOff),
      one.service || "–",
      one.channelIds.map(nameOf).join(", ") || "–",
      one.updatedBy,
    ];
  }

  rule
    .command("set")
    .description(messages.alarmsRuleSetDescription)
    .argument("<name>", messages.alarmRule)
    .argument("[key=value...]", messages.documentWords([...documentKeys(ruleForm).slice(1), ...channelKeys].join(", ")))
    .option("--json", messages.optionJson)
    .action(async (name: string, words: string[], _options, command: Command) => {
      const { options, api } = open(command);
      const { wanted, names } = await wantedRule(api, name, words);
      const { rule: saved } = await api.saveAlarmRule({ rule: wanted });
      if (!options.json) terminal.out(messages.alarmRuleSaved(wanted.name, wanted.id === ""));
      else if (saved !== undefined) print(ruleDocument(saved, (id) => names.get(id) ?? id));
    });

  rule
    .command("preview")
    .description(messages.alarmsRulePreviewDescription)
    .argument("<name>", messages.alarmRule)
    .argument("[key=value...]", messages.documentWords([...documentKeys(ruleForm).slice(1), ...channelKeys].join(", ")))
    .option("--json", messages.optionJson)
    .action(async (name: string, words: string[], _options, command: Command) => {
      const { options, api } = open(command);
      const { wanted } = await wantedRule(api, name, words);
      const { fired, targets, seen, worst } = await api.previewAlarmRule({ rule: wanted, hours: 24 });
      const places = worst.map(({ service, instance, host, fired: times, badMinutes }) => ({
        ...{ service, instance, host, fired: times, badMinutes },
      }));
      if (options.json) return print({ fired, targets, seen, worst: places });
      terminal.out(messages.alarmRulePreview(fired, targets, seen));
      for (const { service, instance, host, fired: times, badMinutes } of places) {
        if (badMinutes === 0) continue;
        const place = [service, instance || host].filter((part) => part !== "").join(" @ ");
        terminal.out(`  ${messages.alarmRulePreviewTarget(place, times, badMinutes)}`);
      }
    });

  /** The rule of a name as it is, or a new one, with what the words say. */
  async function wantedRule(api: AlarmApi, name: string, words: readonly string[]) {
    const names = await channelNames(api);
    const before = (await api.listAlarmRules({})).rules.find((one) => one.name === name || one.id === name);
    const ids = new Map([...names].flatMap(([id, own]) => [[id, id] as const, [own, id] as const]));
    const document: Document = { name: before?.name ?? name, ...documentFromWords(ruleForm, words, messages) };
    for (const key of channelKeys) {
      const text = document[key];
      if (typeof text === "string") document[key] = text === "" ? [] : text.split(",").map((part) => part.trim());
    }
    const wanted: AlarmRule = ruleFromDocument(document, (channel) => ids.get(channel), messages, before);
    wanted.id = before?.id ?? "";
    return { wanted, names };
  }

  async function channelNames(api: AlarmApi): Promise<ReadonlyMap<string, string>> {
    const { channels } = await api.listAlarmChannels({});
    return new Map(channels.map(({ id, name }) => [id, name]));
  }
}
