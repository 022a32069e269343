import {
  AcknowledgeAlarmsResponseSchema,
  type Alarm,
  AlarmSubject,
  CommentAlarmResponseSchema,
  CreateAlarmSilenceResponseSchema,
  ListAlarmsResponseSchema,
  SilenceAlarmsResponseSchema,
} from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import type { Command } from "commander";
import { type AlarmApi, type AlarmOptions, alarmTools } from "../alarms/alarm-tools.ts";
import { addApplyCommands } from "../alarms/apply-commands.ts";
import { addChannelCommands } from "../alarms/channel-commands.ts";
import { addRuleCommands } from "../alarms/rule-commands.ts";
import { groupByRule, type RuleGroup, readAll } from "../alarms/rule-groups.ts";
import { usageError } from "../context.ts";
import { parseTimeSpan } from "../log/time-span.ts";
import { localTime } from "../output/local-time.ts";
import { formatUptime } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import type { AddCommand } from "./command.ts";

type Options = AlarmOptions & {
  history?: boolean;
  all?: boolean;
  byRule?: boolean;
  rule?: string;
  service?: string;
  instance?: string;
  host?: string;
  limit?: string;
  comment?: string;
  for?: string;
};

const maxMinutes = 43_200;

/** `msec alarms`: open alarms, and what can be done with them. */
export const addAlarmsCommand: AddCommand = (program, context) => {
  const { messages, terminal, style } = context;
  const { open: openApi, say, print, getRule, severityText } = alarmTools(context);
  const open = (command: Command) => openApi<Options>(command);

  const alarms = program
    .command("alarms")
    .description(messages.alarmsDescription)
    .option("--history", messages.alarmsHistory)
    .option("--all", messages.alarmsAll)
    .option("--service <name>", messages.alarmsService)
    .option("--rule <name>", messages.alarmsRule)
    .option("--by-rule", messages.alarmsByRule)
    .option("--limit <number>", messages.alarmsLimit, "100")
    .option("--json", messages.optionJson)
    .action(async (_options, command) => {
      const { options, api } = open(command);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
        throw usageError(messages.alarmBadLimit(options.limit ?? ""));
      }
      const { history = false, service = "" } = options;
      const ruleId = options.rule === undefined ? "" : (await getRule(api, options.rule)).id;
      if (options.byRule) {
        if (history) throw usageError(messages.alarmByRuleOpen);
        const groups = groupByRule((await readAll(api, { service, ruleId })).filter(isShown(options)));
        if (options.json) return print({ rules: groups });
        if (groups.length === 0) return terminal.out(messages.alarmsNone);
        for (const line of groupLines(groups)) terminal.out(line);
        return;
      }
      const response = await api.listAlarms({ history, service, ruleId, limit });
      if (options.json) return say(options, ListAlarmsResponseSchema, response);
      for (const { source, failingSinceMs, failure } of (await api.getAlarmStatus({})).progress) {
        if (failingSinceMs === 0) continue;
        terminal.err(style.warn(messages.alarmsNotEvaluated(source, localTime(failingSinceMs), failure)));
      }
      const shown = response.alarms.filter(isShown(options));
      if (shown.length === 0) return terminal.out(history ? messages.alarmsNoneEnded : messages.alarmsNone);
      for (const line of alarmLines(shown)) terminal.out(line);
    });

  alarms
    .command("ack")
    .description(messages.alarmsAckDescription)
    .argument("<id...>", messages.alarmId)
    .option("--comment <text>", messages.alarmOptionComment)
    .option("--json", messages.optionJson)
    .action(async (given: string[], _options, command) => {
      const { options, api } = open(command);
      const chosen = await Promise.all(given.map((id) => findAlarm(api, id)));
      const response = await api.acknowledgeAlarms({ ids: chosen.map(({ id }) => id), comment: options.comment ?? "" });
      const lines = response.alarms.map((alarm) => messages.alarmAcknowledged(alarm.id, targetText(alarm)));
      say(options, AcknowledgeAlarmsResponseSchema, response, ...lines);
    });

  alarms
    .command("silence")
    .description(messages.alarmsSilenceDescription)
    .argument("[id...]", messages.alarmId)
    .requiredOption("--for <duration>", messages.alarmOptionFor)
    .option("--rule <name>", messages.alarmOptionRule)
    .option("--service <name>", messages.alarmOptionService)
    .option("--instance <ip:port>", messages.alarmOptionInstance)
    .option("--host <name>", messages.alarmOptionHost)
    .option("--comment <text>", messages.alarmOptionComment)
    .option("--json", messages.optionJson)
    .action(async (given: string[], _options, command) => {
      const { options, api } = open(command);
      const minutes = parseMinutes(options.for ?? "");
      if (minutes === undefined) throw usageError(messages.alarmBadDuration(options.for ?? ""));
      const { rule, service = "", instance = "", host = "", comment = "" } = options;
      const matches = rule !== undefined || [service, instance, host].some((part) => part !== "");
      // Ids are alarms; the options say what alarms are about.
      if (given.length > 0 === matches) {
        throw usageError(matches ? messages.alarmIdsOrMatcher : messages.alarmNothingToSilence);
      }
      if (given.length > 0) {
        const chosen = await Promise.all(given.map((id) => findAlarm(api, id)));
        const response = await api.silenceAlarms({ ids: chosen.map(({ id }) => id), minutes, comment });
        const lines = response.silences.map((one) =>
          messages.alarmSilencedTarget(targetText(one), localTime(one.untilMs)),
        );
        return say(options, SilenceAlarmsResponseSchema, response, ...lines);
      }
      const ruleId = rule === undefined ? "" : (await getRule(api, rule)).id;
      const response = await api.createAlarmSilence({ silence: { ruleId, service, instance, host, comment }, minutes });
      const until = localTime(response.silence?.untilMs ?? 0);
      say(options, CreateAlarmSilenceResponseSchema, response, messages.alarmSilenced(until));
    });

  alarms
    .command("comment")
    .description(messages.alarmsCommentDescription)
    .argument("<id>", messages.alarmId)
    .argument("<text>", messages.alarmText)
    .option("--json", messages.optionJson)
    .action(async (given: string, text: string, _options, command) => {
      const { options, api } = open(command);
      const { id } = await findAlarm(api, given);
      const response = await api.commentAlarm({ id, text });
      say(options, CommentAlarmResponseSchema, response, messages.alarmCommented(id));
    });

  addRuleCommands(alarms, context);
  addChannelCommands(alarms, context);
  addApplyCommands(alarms, context);

  async function findAlarm(api: AlarmApi, given: string): Promise<Alarm> {
    const { alarms: all } = await api.listAlarms({ limit: 500 });
    const found = all.filter(({ id }) => id.startsWith(given));
    const [only] = found;
    if (given !== "" && only !== undefined && found.length === 1) return only;
    const text = found.length > 1 ? messages.alarmAmbiguous(given, found.length) : messages.alarmUnknown(given);
    throw new UserError(text, { hint: messages.alarmUnknownHint });
  }

  function groupLines(groups: readonly RuleGroup[]): string[] {
    return tableLines(
      [
        { heading: messages.alarmHeadingRule },
        { heading: messages.alarmHeadingSeverity },
        { heading: messages.alarmHeadingOpen, align: "right" },
        { heading: messages.alarmHeadingNew, align: "right" },
        { heading: messages.alarmHeadingSilenced, align: "right" },
        { heading: messages.alarmHeadingSince, align: "right" },
        { heading: messages.alarmHeadingServices },
      ],
      groups.map((group) => [
        group.rule,
        severityText(group.severity),
        String(group.open),
        group.unacknowledged === 0 ? "0" : style.warn(String(group.unacknowledged)),
        String(group.silenced),
        formatUptime(Date.now() - group.firstMs),
        group.services.slice(0, 3).join(", ") + (group.services.length > 3 ? ` +${group.services.length - 3}` : "") ||
          "–",
      ]),
    );
  }

  function alarmLines(list: readonly Alarm[]): string[] {
    return tableLines(
      [
        { heading: messages.alarmHeadingId },
        { heading: messages.alarmHeadingSeverity },
        { heading: messages.alarmHeadingTarget },
        { heading: messages.alarmHeadingRule },
        { heading: messages.alarmHeadingValue, align: "right" },
        { heading: messages.alarmHeadingWorst, align: "right" },
        { heading: messages.alarmHeadingSince, align: "right" },
        { heading: messages.alarmHeadingMinutes, align: "right" },
        { heading: messages.headingState },
      ],
      list.map((alarm) => [
        alarm.id,
        severityText(alarm.severity),
        targetText(alarm),
        alarm.rule?.name ?? "",
        valueText(alarm, alarm.lastValue),
        valueText(alarm, alarm.peak),
        formatUptime(Date.now() - alarm.firstMs),
        String(alarm.count),
        stateText(alarm),
      ]),
    );
  }

  function stateText(alarm: Alarm): string {
    if (!alarm.open) return messages.alarmStateEnded;
    if (alarm.causeId !== "") return style.faint(messages.alarmStateFolded(alarm.causeId));
    if (alarm.acknowledgedMs > 0) return messages.alarmStateAcknowledged;
    return alarm.silenced ? messages.alarmStateSilenced : style.warn(messages.alarmStateNew);
  }
};

/** Those that another alarm explains are shown where they are asked for. */
function isShown({ all }: Options): (alarm: Alarm) => boolean {
  return ({ causeId }) => all === true || causeId === "";
}

function targetText({ service, instance, host }: Pick<Alarm, "service" | "instance" | "host">): string {
  const place = instance || host;
  return service === "" ? place : place === "" ? service : `${service} @ ${place}`;
}

function valueText({ rule }: Alarm, value: number | undefined): string {
  if (value === undefined) return "–";
  const unit = rule?.subject === AlarmSubject.ERROR_RATIO ? " %" : rule?.subject === AlarmSubject.P99 ? " ms" : "";
  return `${Number(value.toFixed(Math.abs(value) >= 1_000 ? 0 : 2))}${unit}`;
}

/** Minutes of `30m`, `2h`, `1d`; `undefined` where it is no whole number of them, or out of 1m…30d. */
function parseMinutes(text: string): number | undefined {
  const minutes = (parseTimeSpan(text) ?? 0) / 60;
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= maxMinutes ? minutes : undefined;
}
