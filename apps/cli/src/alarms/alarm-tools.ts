import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type AlarmChannel, type AlarmRule, AlarmService, AlarmSeverity } from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import { openOperatorApi } from "../api/operator-client.ts";
import { type CommandContext, type GlobalOptions, getState } from "../context.ts";
import { messageJson } from "../output/message-json.ts";

/** Options that commands of alarms share. */
export type AlarmOptions = GlobalOptions & { readonly json?: boolean };

/** The server's alarms, as commands use them. */
export type AlarmApi = Client<typeof AlarmService>;

/** What the commands of `msec alarms` share. */
export function alarmTools(context: CommandContext) {
  const { messages, terminal, style } = context;
  return {
    /** Reach the server of the command's state directory. */
    open<Options extends AlarmOptions>(command: Command): { options: Options; api: AlarmApi } {
      const options = command.optsWithGlobals() as Options;
      return { options, api: openOperatorApi(getState(context, options), messages).client(AlarmService) };
    },

    /** Print an answer as JSON, or lines for people. */
    say<Schema extends DescMessage>(
      options: AlarmOptions,
      schema: Schema,
      response: MessageShape<Schema>,
      ...lines: string[]
    ): void {
      if (options.json) terminal.out(JSON.stringify(messageJson(schema, response), null, 2));
      else for (const line of lines) terminal.out(line);
    },

    /** Print a document, which is for scripts and files in any case. */
    print(document: unknown): void {
      terminal.out(JSON.stringify(document, null, 2));
    },

    /** The rule of a name or id. @throws UserError where there is none */
    async getRule(api: AlarmApi, given: string): Promise<AlarmRule> {
      const { rules } = await api.listAlarmRules({});
      const rule = rules.find(({ id, name }) => name === given || id === given);
      if (rule !== undefined) return rule;
      throw new UserError(messages.alarmRuleUnknown(given), { hint: messages.alarmRuleUnknownHint });
    },

    /** The channel of a name or id. @throws UserError where there is none */
    async getChannel(api: AlarmApi, given: string): Promise<AlarmChannel> {
      const { channels } = await api.listAlarmChannels({});
      const channel = channels.find(({ id, name }) => name === given || id === given);
      if (channel !== undefined) return channel;
      throw new UserError(messages.alarmChannelUnknown(given), { hint: messages.alarmChannelUnknownHint });
    },

    /** A severity in a word, coloured. */
    severityText(severity: AlarmSeverity): string {
      if (severity === AlarmSeverity.CRITICAL) return style.bad(messages.alarmSeverityCritical);
      if (severity === AlarmSeverity.WARNING) return style.warn(messages.alarmSeverityWarning);
      return messages.alarmSeverityNotice;
    },
  };
}
