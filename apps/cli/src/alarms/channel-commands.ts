import { TestAlarmChannelResponseSchema } from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { channelDocument, channelForm, channelFromDocument } from "./alarm-documents.ts";
import { alarmTools, timeText } from "./alarm-tools.ts";
import { documentFromWords, documentKeys } from "./document.ts";

/** `msec alarms channel`: list, show, set, test and remove channels. */
export function addChannelCommands(alarms: Command, context: CommandContext): void {
  const { environment, messages, terminal, style } = context;
  const { open, say, getChannel } = alarmTools(context);
  const print = (document: unknown) => terminal.out(JSON.stringify(document, null, 2));

  const list = async (command: Command) => {
    const { options, api } = open(command);
    const { channels } = await api.listAlarmChannels({});
    // As `apply` takes it.
    if (options.json) return print({ channels: channels.map(channelDocument) });
    if (channels.length === 0) return terminal.out(messages.alarmsNoChannels);
    const rows = channels.map((channel) => [
      channel.name,
      String(channelDocument(channel).kind),
      channel.enabled ? channel.urlHint || channel.recipients.join(", ") || "–" : style.faint(messages.alarmOff),
      channel.lastMs === 0
        ? style.faint(messages.alarmNever)
        : `${timeText(channel.lastMs)} ${channel.lastOk ? "" : `${style.bad(messages.alarmFailed)} `}${channel.lastOutcome}`,
    ]);
    const headings = [
      { heading: messages.headingName },
      { heading: messages.alarmHeadingKind },
      { heading: messages.alarmHeadingWhere },
      { heading: messages.alarmHeadingLast },
    ];
    for (const line of tableLines(headings, rows)) terminal.out(line);
  };

  const channel = alarms
    .command("channel")
    .alias("channels")
    .description(messages.alarmsChannelDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => await list(command));
  channel
    .command("list")
    .description(messages.alarmsChannelsDescription)
    .option("--json", messages.optionJson)
    .action(async (_options, command: Command) => await list(command));

  channel
    .command("show")
    .description(messages.alarmsChannelShowDescription)
    .argument("<name>", messages.alarmChannel)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      print(channelDocument(await getChannel(open(command).api, name)));
    });

  channel
    .command("set")
    .description(messages.alarmsChannelSetDescription)
    .argument("<name>", messages.alarmChannel)
    .argument("[key=value...]", messages.documentWords(documentKeys(channelForm).slice(1).join(", ")))
    .option("--json", messages.optionJson)
    .action(async (name: string, words: string[], _options, command: Command) => {
      const { options, api } = open(command);
      const { channels } = await api.listAlarmChannels({});
      const before = channels.find((one) => one.name === name || one.id === name);
      const document = { name: before?.name ?? name, ...documentFromWords(channelForm, words, messages) };
      const wanted = channelFromDocument(document, environment, messages, before);
      wanted.id = before?.id ?? "";
      const { channel: saved } = await api.saveAlarmChannel({ channel: wanted });
      if (!options.json) terminal.out(messages.alarmChannelSaved(wanted.name, wanted.id === ""));
      else if (saved !== undefined) print(channelDocument(saved));
    });

  channel
    .command("test")
    .description(messages.alarmsTestDescription)
    .argument("<name>", messages.alarmChannel)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { options, api } = open(command);
      const { id } = await getChannel(api, name);
      const response = await api.testAlarmChannel({ id }, { timeoutMs: 60_000 });
      if (options.json) say(options, TestAlarmChannelResponseSchema, response);
      if (!response.ok) throw new UserError(messages.alarmTestFailed(response.outcome));
      if (!options.json) terminal.out(messages.alarmTestSent(response.outcome));
    });

  channel
    .command("remove")
    .description(messages.alarmsChannelRemoveDescription)
    .argument("<name>", messages.alarmChannel)
    .option("--json", messages.optionJson)
    .action(async (name: string, _options, command: Command) => {
      const { options, api } = open(command);
      const found = await getChannel(api, name);
      await api.deleteAlarmChannel({ id: found.id });
      if (options.json) print({ removed: found.name });
      else terminal.out(messages.alarmRemoved(found.name));
    });
}
