import type { TFunction } from "i18next";

// What the network, a name server or a mail server says of itself, by its code at the end of an outcome.
const advice = {
  ECONNREFUSED: "refused",
  ENOTFOUND: "noName",
  EAI_AGAIN: "noName",
  ETIMEDOUT: "noAnswer",
  ECONNRESET: "noAnswer",
  EHOSTUNREACH: "noAnswer",
  ENETUNREACH: "noAnswer",
  ESOCKET: "noMail",
  ECONNECTION: "noMail",
  EDNS: "noName",
  EAUTH: "noLogin",
  CERT_HAS_EXPIRED: "certificate",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate",
} as const;

// What chats refuse with; each code is one chat's alone. Where these tables are: apps/server/src/alarms/notify/chat-answer.ts.
const chatAdvice: Readonly<Record<string, ChatAdvice>> = {
  "-1": "busy",
  // WeCom
  45009: "tooOften",
  45033: "tooOften",
  93000: "noRobot",
  93017: "noRobot",
  // DingTalk
  130101: "tooOften",
  410100: "tooOften",
  90030: "tooOften",
  300001: "noRobot",
  300005: "noRobot",
  400013: "noGroup",
  400101: "noRobot",
  400102: "stopped",
  400106: "noRobot",
  // Feishu
  11232: "tooOften",
  9499: "badForm",
  19001: "noRobot",
  19021: "signature",
  19022: "addresses",
  19024: "keyword",
};
type ChatAdvice =
  | "busy"
  | "tooOften"
  | "noRobot"
  | "noGroup"
  | "stopped"
  | "badForm"
  | "signature"
  | "addresses"
  | "keyword";

/** DingTalk has one code for all of its robots' security; its words say which. */
function securityAdvice(words: string): ChatAdvice | "security" {
  if (/keyword|关键词/i.test(words)) return "keyword";
  if (/sign|timestamp|签名|加签/i.test(words)) return "signature";
  return /\bip\b|whitelist|白名单/i.test(words) ? "addresses" : "security";
}

const statusAdvice = {
  401: "noLeave",
  403: "noLeave",
  404: "noPath",
  405: "noPath",
  410: "noPath",
  429: "tooOften",
} as const;

/** What came of a message, with what to do about it in the reader's language where the reason is known. */
export function outcomeText(t: TFunction, outcome: string): string {
  if (outcome === "accepted") return t("alarm.outcome.accepted");
  const phones = /^sent to (\d+)$/.exec(outcome)?.[1];
  if (phones !== undefined) return t("alarm.outcome.phones", { count: Number(phones) });
  const missed = /; not for (.+)$/s.exec(outcome)?.[1];
  if (missed !== undefined) return t("alarm.outcome.missed", { who: missed });
  const [, chat, words = ""] = /refused with (-?\d+)(?:: (.*))?/.exec(outcome) ?? [];
  if (chat !== undefined) {
    const known = chat === "310000" ? securityAdvice(words) : chatAdvice[chat];
    return known === undefined
      ? outcome
      : `${t(`alarm.outcome.${known}`)} (${chat}${words === "" || words === "…" ? "" : `: ${words}`})`;
  }
  const status = /^HTTP (\d{3})/.exec(outcome)?.[1] ?? "";
  if (Object.hasOwn(statusAdvice, status))
    return `${t(`alarm.outcome.${statusAdvice[Number(status) as keyof typeof statusAdvice]}`)} (${outcome})`;
  const code = /\(([A-Z_]+)\)/.exec(outcome)?.[1] ?? "";
  if (!Object.hasOwn(advice, code)) return outcome;
  return `${t(`alarm.outcome.${advice[code as keyof typeof advice]}`)} (${code})`;
}
