import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import {
  type AlarmChannel,
  AlarmChannelKind,
  AlarmChannelSchema,
  AlarmSeverity,
} from "@msec/api/console/v1/alarms_pb.js";
import { Code, RpcError } from "@msec/rpc";
import type { Selectable } from "kysely";
import type { AlarmTables } from "../schema.ts";
import { templateProblem } from "./template.ts";

/** A row of `alarm_channel`. */
export type ChannelRow = Selectable<AlarmTables["alarm_channel"]>;

/** What of a channel is never told. */
export interface ChannelSecrets {
  /** Of a webhook or a chat; chats have their key in it. */
  readonly url: string;
  /** The key of a signature, or the password of SMTP. */
  readonly secret: string;
}

/** Bounds of channels; docs/reference/limits.md repeats them. */
export const channelLimits = {
  channels: 100,
  recipients: 50,
  perTenMinutes: 100,
  urlCharacters: 2_000,
  secretCharacters: 1_000,
  templateCharacters: 4_000,
} as const;

/** Messages in ten minutes unless a channel says otherwise. */
const defaultPerTenMinutes = 10;

/** Hosts that a kind of chat may be posted to, where its vendor has only these; a private relay is a webhook. */
const usesUrl: readonly AlarmChannelKind[] = [
  AlarmChannelKind.WEBHOOK,
  AlarmChannelKind.WECOM,
  AlarmChannelKind.DINGTALK,
  AlarmChannelKind.FEISHU,
  AlarmChannelKind.SLACK,
  AlarmChannelKind.SMS,
];

/** The settings of a row, without secrets. */
export function settingsFromRow(row: ChannelRow): AlarmChannel {
  const settings = fromJsonString(AlarmChannelSchema, row.settings, { ignoreUnknownFields: true });
  return {
    ...settings,
    id: row.id,
    name: row.name,
    enabled: row.enabled === 1,
    kind: row.kind,
    updatedMs: row.updated_ms,
    lastMs: row.last_ms,
    lastOk: row.last_ok === 1,
    lastOutcome: row.last_outcome,
  };
}

/** The text in which settings are kept; secrets are not among them. */
export function settingsText(channel: AlarmChannel): string {
  return toJsonString(AlarmChannelSchema, create(AlarmChannelSchema, { ...channel, url: "", secret: "" }));
}

/**
 * Check a channel that somebody wrote.
 *
 * @param before  what is there already: an empty secret keeps it, where it is sent to the same place
 * @returns the channel without secrets, and the secrets
 * @throws RpcError InvalidArgument naming the field, what was expected and what was found
 */
export function checkChannel(
  channel: AlarmChannel,
  before: { readonly channel: AlarmChannel; readonly secrets: ChannelSecrets } | undefined,
): { channel: AlarmChannel; secrets: ChannelSecrets } {
  const { kind } = channel;
  const checked = {
    ...channel,
    name: channel.name.trim(),
    language: channel.language || "en",
    maxPerTenMinutes: channel.maxPerTenMinutes || defaultPerTenMinutes,
    url: "",
    secret: "",
    urlHint: "",
    hasSecret: false,
  };
  const { length } = [...checked.name];
  if (length < 1 || length > 100) refuse("name", `${length} characters`, "1…100");
  if (!Object.values(AlarmChannelKind).includes(kind) || kind === AlarmChannelKind.UNSPECIFIED)
    refuse("kind", String(kind), "1…7");
  if (!["en", "zh"].includes(checked.language))
    refuse("language", JSON.stringify(checked.language.slice(0, 20)), "en or zh");
  if (checked.maxPerTenMinutes > channelLimits.perTenMinutes) {
    refuse("max_per_ten_minutes", String(checked.maxPerTenMinutes), `1…${channelLimits.perTenMinutes}`);
  }
  if (!Object.values(AlarmSeverity).includes(checked.minSeverity))
    refuse("min_severity", String(checked.minSeverity), "0…3");
  const url = channel.url.trim() || before?.secrets.url || "";
  const kept = before?.secrets.secret ?? "";
  if (before !== undefined && kept !== "" && channel.secret === "" && isSentElsewhere(channel, url, before))
    refuse("secret", "empty", "the secret once more, because it would go to another place than it was given for");
  const secrets = { url, secret: channel.secret || kept };
  if (secrets.secret.length > channelLimits.secretCharacters)
    refuse("secret", `${secrets.secret.length} characters`, `at most ${channelLimits.secretCharacters}`);
  checkRecipients(checked);
  if (usesUrl.includes(kind)) checkUrl(secrets.url);
  if (kind === AlarmChannelKind.EMAIL) checkMail(checked);
  if (kind === AlarmChannelKind.SMS) checkTemplate(checked);
  return {
    channel: checked,
    secrets: { url: usesUrl.includes(kind) ? secrets.url : "", secret: secrets.secret },
  };
}

/** What the API tells of a channel. */
export function channelView(row: ChannelRow, secrets: ChannelSecrets | undefined): AlarmChannel {
  return {
    ...settingsFromRow(row),
    url: "",
    secret: "",
    urlHint: urlHint(secrets?.url ?? ""),
    hasSecret: (secrets?.secret ?? "") !== "",
  };
}

/** An address without what is secret in it: `https://hooks.slack.com/…`. */
export function urlHint(url: string): string {
  return URL.canParse(url) ? `${new URL(url).origin}/…` : "";
}

/** Whether a secret that goes out as it is would go to another place, or by a way that others can read: who may change a channel need not know it. */
function isSentElsewhere(
  channel: AlarmChannel,
  url: string,
  before: { readonly channel: AlarmChannel; readonly secrets: ChannelSecrets },
): boolean {
  if (channel.kind === AlarmChannelKind.SMS) {
    return URL.canParse(url) && new URL(url).origin !== new URL(before.secrets.url).origin;
  }
  const place = ({ smtpHost, smtpPort, smtpSecurity }: AlarmChannel) => `${smtpHost} ${smtpPort} ${smtpSecurity}`;
  return channel.kind === AlarmChannelKind.EMAIL && place(channel) !== place(before.channel);
}

function checkUrl(url: string): void {
  if (url === "") refuse("url", "empty", "the http:// or https:// address of the webhook");
  if (url.length > channelLimits.urlCharacters)
    refuse("url", `${url.length} characters`, `at most ${channelLimits.urlCharacters}`);
  // What was found is not repeated: it may be a secret.
  if (!URL.canParse(url) || !["http:", "https:"].includes(new URL(url).protocol))
    refuse("url", "no such address", "one that begins with http:// or https://");
  if (new URL(url).username !== "" || new URL(url).password !== "")
    refuse("url", "an address with a user in it", "one without");
}

function checkRecipients({ kind, recipients }: AlarmChannel): void {
  if (recipients.length > channelLimits.recipients)
    refuse("recipients", `${recipients.length} entries`, `at most ${channelLimits.recipients}`);
  const pattern = kind === AlarmChannelKind.EMAIL ? mailAddress : phoneNumber;
  const wrong =
    kind === AlarmChannelKind.EMAIL || kind === AlarmChannelKind.SMS
      ? recipients.find((one) => !pattern.test(one))
      : undefined;
  if (wrong !== undefined)
    refuse(
      "recipients",
      JSON.stringify(wrong.slice(0, 80)),
      kind === AlarmChannelKind.EMAIL ? "addresses such as ops@example.com" : "phone numbers such as +8613800000000",
    );
  if (recipients.length === 0 && (kind === AlarmChannelKind.EMAIL || kind === AlarmChannelKind.SMS))
    refuse("recipients", "empty", "one at least");
}

// No line breaks, no separators: an address must not become another header.
const mailAddress = /^[^\s<>,;:"()[\]\\@]{1,64}@[A-Za-z0-9.-]{1,255}$/;
const phoneNumber = /^\+?[0-9][0-9 -]{2,24}$/;

function checkMail(channel: AlarmChannel): void {
  if (!/^([A-Za-z0-9.-]{1,255}|[0-9a-fA-F:]{2,45})$/.test(channel.smtpHost))
    refuse("smtp_host", JSON.stringify(channel.smtpHost.slice(0, 80)), "the name of the mail server");
  if (channel.smtpPort < 1 || channel.smtpPort > 65_535)
    refuse("smtp_port", String(channel.smtpPort), "1…65535 (465 for tls, 587 for starttls)");
  if (!["tls", "starttls", "none"].includes(channel.smtpSecurity))
    refuse("smtp_security", JSON.stringify(channel.smtpSecurity.slice(0, 20)), "tls, starttls or none");
  if (!mailAddress.test(channel.smtpFrom))
    refuse("smtp_from", JSON.stringify(channel.smtpFrom.slice(0, 80)), "an address such as msec@example.com");
  if (channel.smtpUser.length > 256) refuse("smtp_user", `${channel.smtpUser.length} characters`, "at most 256");
}

function checkTemplate(channel: AlarmChannel): void {
  if (channel.smsTemplate.length > channelLimits.templateCharacters)
    refuse("sms_template", `${channel.smsTemplate.length} characters`, `at most ${channelLimits.templateCharacters}`);
  const problem = templateProblem(channel.smsTemplate);
  if (problem !== undefined) refuse("sms_template", problem, 'JSON such as {"to":"{{phone}}","content":"{{title}}"}');
}

function refuse(field: string, found: string, expected: string): never {
  throw new RpcError(Code.InvalidArgument, `${field} is ${found}: expected ${expected}`);
}
