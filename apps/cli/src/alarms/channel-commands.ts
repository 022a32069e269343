import { type AlarmChannel, TestAlarmChannelResponseSchema } from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { localTime } from "../output/local-time.ts";
import { channelDocument, channelForm, channelFromDocument } from "./alarm-documents.ts";
import { alarmTools } from "./alarm-tools.ts";
import { documentFromWords, documentKeys } from "./document.ts";
import { addNamedCommands } from "./named-commands.ts";

/** `msec alarms channel`: list, show, set, test and remove channels. */
export function addChannelCommands(alarms: Command, context: CommandContext): void {
  const { environment, messages, terminal, style } = context;
  const { open, say, print, getChannel } = alarmTools(context);

  const channel = addNamedCommands<AlarmChannel>(alarms, context, {
    word: "channel",
    key: "channels",
    descriptions: {
      all: messages.alarmsChannelDescription,
      list: messages.alarmsChannelsDescription,
      show: messages.alarmsChannelShowDescription,
      remove: messages.alarmsChannelRemoveDescription,
    },
    argument: messages.alarmChannel,
    none: messages.alarmsNoChannels,
    columns: [
      { heading: messages.headingName },
      { heading: messages.alarmHeadingKind },
      { heading: messages.alarmHeadingWhere },
      { heading: messages.alarmHeadingLast },
    ],
    read: async (api) => ({ items: (await api.listAlarmChannels({})).channels, document: channelDocument, row }),
    find: getChannel,
    remove: (api, id) => api.deleteAlarmChannel({ id }),
  });

  function row(one: AlarmChannel): string[] {
    return [
      one.name,
      String(channelDocument(one).kind),
      one.enabled ? one.urlHint || one.recipients.join(", ") || "–" : style.faint(messages.alarmOff),
      one.lastMs === 0
        ? style.faint(messages.alarmNever)
        : `${localTime(one.lastMs)} ${one.lastOk ? "" : `${style.bad(messages.alarmFailed)} `}${one.lastOutcome}`,
    ];
  }

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
}
