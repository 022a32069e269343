import type { AlarmRule } from "@msec/api/console/v1/alarms_pb.js";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { channelKeys, ruleDocument, ruleForm, ruleFromDocument } from "./alarm-documents.ts";
import { type AlarmApi, alarmTools } from "./alarm-tools.ts";
import { type Document, documentFromWords, documentKeys } from "./document.ts";

/** `msec alarms rule`: list, show, set, preview and remove rules. */
export function addRuleCommands(alarms: Command, context: CommandContext): void {
  const { messages, terminal, style } = context;
  const { open, getRule, severityText } = alarmTools(context);
  const print = (document: unknown) => terminal.out(JSON.stringify(document, null, 2));

  const list = async (command: Command) => {
    const { options, api } = open(command);
    const [{ rules }, names] = [await api.listAlarmRules({}), await channelNames(api)];
    // As `apply` takes it.
    if (options.json) return print({ rules: rules.map((rule) => ruleDocument(rule, (id) => names.get(id) ?? id)) });
    if (rules.length === 0) return terminal.out(messages.alarmsNoRules);
    const rows = rules.map((rule) => [
      rule.name,
      rule.enabled ? severityText(rule.severity) : style.faint(messages.alarmOff),
      rule.service || "–",
      rule.channelIds.map((id) => names.get(id) ?? id).join(", ") || "–",
      rule.updatedBy,
    ]);
    const headings = [
      { heading: messages.alarmHeadingRule },
      { heading: messages.alarmHeadingSeverity },
      { heading: messages.alarmHeadingTarget },
      { heading: messages.alarmHeadingChannels },
      { heading: messages.alarmHeadingBy },
    ];
    for (const line of tableLines(headings, rows)) terminal.out(line);
  };

  const rule = alarms
    .command("rule")
    .alias("rules")
    .description(messages.alarmsRuleDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => await list(command));
  rule
    .command("list")
    .description(messages.alarmsRulesDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => await list(command));

  rule
    .command("show")
    .description(messages.alarmsRuleShowDescription)
    .argument("<name>", messages.alarmRule)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { api } = open(command);
      const names = await channelNames(api);
      print(ruleDocument(await getRule(api, name), (id) => names.get(id) ?? id));
    });

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

  rule
    .command("remove")
    .description(messages.alarmsRuleRemoveDescription)
    .argument("<name>", messages.alarmRule)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { options, api } = open(command);
      const found = await getRule(api, name);
      await api.deleteAlarmRule({ id: found.id });
      if (options.json) print({ removed: found.name });
      else terminal.out(messages.alarmRemoved(found.name));
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
