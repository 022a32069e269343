import { createHmac } from "node:crypto";
import { type AlarmChannel, AlarmChannelKind, AlarmEvent, AlarmSeverity } from "@msec/api/console/v1/alarms_pb.js";
import type { AddressGuard } from "./address-guard.ts";
import type { ChannelSecrets } from "./channel.ts";
import { type ChatFields, chatOutcome } from "./chat-answer.ts";
import { DeliveryFailed } from "./delivery-failed.ts";
import { type Message, messageText } from "./message.ts";
import { post } from "./post.ts";
import { sendMail } from "./send-mail.ts";
import { fillTemplate } from "./template.ts";
import { withoutSecrets } from "./without-secrets.ts";
import { words } from "./words.ts";

/** What senders need beside the message. */
export interface SendContext {
  readonly guard: AddressGuard;
  /** Milliseconds since 1970 UTC: some signatures contain the time. */
  readonly nowMs: number;
  /** For one message, milliseconds. */
  readonly timeoutMs: number;
  /** Numbers that got the message in an earlier attempt, and from now on those that get it in this one. */
  readonly reached?: Set<string>;
}

/** Sends one message by one kind of channel. @returns what the other side said, for people; throws DeliveryFailed */
type Send = (channel: AlarmChannel, secrets: ChannelSecrets, message: Message, context: SendContext) => Promise<string>;

// WeCom takes 2,048 bytes of text, the others more; a keyword may come before it.
const maxTextBytes = 2_000;
const smsAtOnce = 4;
const robotFields: ChatFields = { code: "errcode", reason: "errmsg" };

const senders: Readonly<Record<AlarmChannelKind, Send | undefined>> = {
  [AlarmChannelKind.UNSPECIFIED]: undefined,
  [AlarmChannelKind.EMAIL]: sendMail,
  [AlarmChannelKind.WEBHOOK]: sendWebhook,
  [AlarmChannelKind.WECOM]: sendWecom,
  [AlarmChannelKind.DINGTALK]: sendDingtalk,
  [AlarmChannelKind.FEISHU]: sendFeishu,
  [AlarmChannelKind.SLACK]: sendSlack,
  [AlarmChannelKind.SMS]: sendSms,
};

/**
 * Send a message by a channel.
 *
 * @returns what the other side said, for people
 * @throws DeliveryFailed
 */
export async function send(
  channel: AlarmChannel,
  secrets: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const sender = senders[channel.kind];
  if (sender === undefined)
    throw new DeliveryFailed("this version of msec does not know the kind of the channel", true);
  try {
    return withoutSecrets(await sender(channel, secrets, message, context), secrets);
  } catch (error) {
    if (!(error instanceof DeliveryFailed)) throw error;
    throw new DeliveryFailed(withoutSecrets(error.message, secrets), error.lasting);
  }
}

/** Our own form, signed: `msec-signature: t=<seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`. */
async function sendWebhook(
  _channel: AlarmChannel,
  { url, secret }: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const body = JSON.stringify({
    id: message.id,
    title: message.title,
    text: messageText(message),
    alarms: message.alarms,
  });
  const seconds = Math.floor(context.nowMs / 1_000);
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  const headers = {
    "msec-delivery": message.id,
    ...(secret === "" ? {} : { "msec-signature": `t=${seconds},v1=${signature}` }),
  };
  await post({ url, body, headers }, context.guard, context.timeoutMs);
  return "accepted";
}

/** @see https://developer.work.weixin.qq.com/document/path/91770 */
async function sendWecom(
  _channel: AlarmChannel,
  { url }: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const body = JSON.stringify({ msgtype: "text", text: { content: shortText(message) } });
  return await chatOutcome(post({ url, body }, context.guard, context.timeoutMs), robotFields);
}

/** @see https://open.dingtalk.com/document/robots/custom-robot-access */
async function sendDingtalk(
  _channel: AlarmChannel,
  { url, secret }: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const target = new URL(url);
  if (secret !== "") {
    const timestamp = String(context.nowMs);
    target.searchParams.set("timestamp", timestamp);
    target.searchParams.set("sign", createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64"));
  }
  const body = JSON.stringify({ msgtype: "text", text: { content: keywordText(message) } });
  return await chatOutcome(post({ url: target.href, body }, context.guard, context.timeoutMs), robotFields);
}

/** @see https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
async function sendFeishu(
  _channel: AlarmChannel,
  { url, secret }: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const timestamp = String(Math.floor(context.nowMs / 1_000));
  // The text of a key there is the key of the hash, over nothing.
  const sign = createHmac("sha256", `${timestamp}\n${secret}`).update("").digest("base64");
  const body = JSON.stringify({
    ...(secret === "" ? {} : { timestamp, sign }),
    msg_type: "text",
    // `<at user_id="all">` inside a text would call everybody.
    content: { text: keywordText(message).replaceAll("<", "＜") },
  });
  return await chatOutcome(post({ url, body }, context.guard, context.timeoutMs), { code: "code", reason: "msg" });
}

/** @see https://api.slack.com/messaging/webhooks; `<!channel>` and its kind are escaped */
async function sendSlack(
  _channel: AlarmChannel,
  { url }: ChannelSecrets,
  message: Message,
  context: SendContext,
): Promise<string> {
  const text = shortText(message).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const answer = await post({ url, body: JSON.stringify({ text }) }, context.guard, context.timeoutMs);
  return answer.slice(0, 100) || "accepted";
}

/** One request for each number, a few at a time: one that fails keeps no other from being told, and who was told is not told again. */
async function sendSms(
  channel: AlarmChannel,
  { url, secret }: ChannelSecrets,
  message: Message,
  { guard, timeoutMs, reached = new Set() }: SendContext,
): Promise<string> {
  const headers = secret === "" ? {} : { authorization: `Bearer ${secret}` };
  const failures: DeliveryFailed[] = [];
  const left = channel.recipients.filter((phone) => !reached.has(phone));
  const work = async () => {
    for (let phone = left.shift(); phone !== undefined; phone = left.shift()) {
      try {
        await post({ url, body: smsBody(channel, message, phone), headers }, guard, timeoutMs);
        reached.add(phone);
      } catch (error) {
        if (!(error instanceof DeliveryFailed)) throw error;
        failures.push(new DeliveryFailed(`…${phone.slice(-4)}: ${error.message}`, error.lasting));
      }
    }
  };
  await Promise.all(Array.from({ length: smsAtOnce }, work));
  const outcome = `sent to ${channel.recipients.length - failures.length}`;
  const [first] = failures;
  if (first === undefined) return outcome;
  const isLasting = failures.every(({ lasting }) => lasting);
  throw new DeliveryFailed(`${outcome} of ${channel.recipients.length}; ${first.message}`, isLasting);
}

function smsBody(channel: AlarmChannel, message: Message, phone: string): string {
  const [facts] = message.alarms;
  const language = channel.language === "zh" ? "zh" : "en";
  const severity = facts === undefined ? "" : words[language].severity[severityOf(facts.severity)];
  return fillTemplate(channel.smsTemplate, {
    phone,
    title: message.title,
    text: shortText(message),
    severity,
    service: facts?.service ?? "",
    target: facts?.instance || facts?.host || facts?.service || "",
    event: facts?.event ?? (message.event === AlarmEvent.UNSPECIFIED ? "test" : ""),
  });
}

function severityOf(name: string): AlarmSeverity {
  if (name === "critical") return AlarmSeverity.CRITICAL;
  return name === "warning" ? AlarmSeverity.WARNING : AlarmSeverity.NOTICE;
}

/** DingTalk's and Feishu's robots can ask for a keyword: `msec` is in every message, not in tests alone. */
function keywordText(message: Message): string {
  const text = shortText(message);
  return text.includes("msec") ? text : `msec ${text}`;
}

function shortText(message: Message): string {
  const text = messageText(message);
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= maxTextBytes) return text;
  // A character that was cut in half becomes U+FFFD, which goes.
  return `${bytes
    .subarray(0, maxTextBytes - 3)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")}…`;
}
