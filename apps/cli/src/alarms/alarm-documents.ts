import {
  AlarmBaseline,
  type AlarmChannel,
  AlarmChannelSchema,
  AlarmCondition,
  AlarmDirection,
  type AlarmRule,
  AlarmRuleSchema,
  AlarmScope,
  AlarmSeverity,
  AlarmSubject,
} from "@msec/api/console/v1/alarms_pb.js";
import { UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";
import { type Document, type DocumentForm, documentFrom, messageFrom } from "./document.ts";

/** How rules are written; channels are named by their names, under `channels` and `escalateChannels`. */
export const ruleForm: DocumentForm<typeof AlarmRuleSchema> = {
  schema: AlarmRuleSchema,
  omit: new Set(["id", "updatedMs", "updatedBy", "channelIds", "escalateChannelIds"]),
  always: new Set(["enabled"]),
};

/** How channels are written; `url` and `secret` go in, and never come out. */
export const channelForm: DocumentForm<typeof AlarmChannelSchema> = {
  schema: AlarmChannelSchema,
  omit: new Set(["id", "urlHint", "hasSecret", "lastMs", "lastOk", "lastOutcome", "updatedMs"]),
  always: new Set(["enabled", "sendResolved"]),
};

/** The keys under which rules name their channels. */
export const channelKeys = ["channels", "escalateChannels"] as const;

/** Finds channels by name or id. */
export type FindChannel = (name: string) => string | undefined;

/** A rule as a document. @param nameOf  gives the name of a channel by its id */
export function ruleDocument(rule: AlarmRule, nameOf: (id: string) => string): Document {
  return {
    ...documentFrom(ruleForm, rule),
    ...(rule.channelIds.length === 0 ? {} : { channels: rule.channelIds.map(nameOf) }),
    ...(rule.escalateChannelIds.length === 0 ? {} : { escalateChannels: rule.escalateChannelIds.map(nameOf) }),
  };
}

/**
 * A document as a rule. What it does not say is as a new rule has it: a warning at an error ratio above a threshold, in 2 of 3 minutes, over
 * after 5 good ones; or as `before` has it.
 *
 * @throws UserError naming the key, or the channel that there is not
 */
export function ruleFromDocument(
  document: Document,
  findChannel: FindChannel,
  messages: Messages,
  before?: AlarmRule,
): AlarmRule {
  const { channels, escalateChannels, ...rest } = document;
  const rule = messageFrom(ruleForm, rest, before ?? newRule, messages);
  const isChange = rule.condition === AlarmCondition.CHANGE || rule.condition === AlarmCondition.CHANGE_PERCENT;
  if (isChange) {
    rule.baseline ||= AlarmBaseline.YESTERDAY;
    rule.direction ||= AlarmDirection.BOTH;
    if (rule.baseline === AlarmBaseline.PREVIOUS) rule.baselineMinutes ||= 10;
  }
  const ids = (key: string, names: unknown, kept: string[]) => {
    if (names === undefined) return kept;
    if (!Array.isArray(names) || names.some((name) => typeof name !== "string")) {
      throw new UserError(messages.documentBadValue(key, JSON.stringify(names).slice(0, 80), messages.documentTexts));
    }
    return names.map((name: string) => {
      const id = findChannel(name);
      if (id === undefined) {
        throw new UserError(messages.alarmChannelUnknown(name), { hint: messages.alarmChannelUnknownHint });
      }
      return id;
    });
  };
  rule.channelIds = ids("channels", channels, rule.channelIds);
  rule.escalateChannelIds = ids("escalateChannels", escalateChannels, rule.escalateChannelIds);
  return rule;
}

/** A channel as a document, without its secrets. */
export function channelDocument(channel: AlarmChannel): Document {
  return documentFrom(channelForm, { ...channel, url: "", secret: "" });
}

/**
 * A document as a channel. `url` and `secret` may name a variable of the environment, `env:OPS_WEBHOOK`: so a file can be shared.
 *
 * @throws UserError naming the key, or the variable that is not set
 */
export function channelFromDocument(
  document: Document,
  environment: NodeJS.ProcessEnv,
  messages: Messages,
  before?: AlarmChannel,
): AlarmChannel {
  const channel = messageFrom(channelForm, document, before ?? newChannel, messages);
  const resolve = (text: string) => {
    const name = /^env:(\w+)$/.exec(text)?.[1];
    if (name === undefined) return text;
    const value = environment[name];
    if (value === undefined || value === "") throw new UserError(messages.documentNoVariable(name));
    return value;
  };
  channel.url = resolve(channel.url);
  channel.secret = resolve(channel.secret);
  return channel;
}

const newRule = {
  enabled: true,
  severity: AlarmSeverity.WARNING,
  subject: AlarmSubject.ERROR_RATIO,
  scope: AlarmScope.TOTAL,
  condition: AlarmCondition.ABOVE,
  forMinutes: 2,
  ofMinutes: 3,
  resolveMinutes: 5,
};

const newChannel = { enabled: true, language: "en", maxPerTenMinutes: 10, sendResolved: true };
