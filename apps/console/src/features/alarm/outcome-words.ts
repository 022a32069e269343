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

/** What came of a message, with what to do about it in the reader's language where the reason is known. */
export function outcomeText(t: TFunction, outcome: string): string {
  if (outcome === "accepted") return t("alarm.outcome.accepted");
  const code = /\(([A-Z_]+)\)/.exec(outcome)?.[1] ?? "";
  if (!Object.hasOwn(advice, code)) return outcome;
  return `${t(`alarm.outcome.${advice[code as keyof typeof advice]}`)} (${code})`;
}
