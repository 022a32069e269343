import { problemTemplates } from "@msec/telemetry-store";
import { alarmsChinese } from "./chinese/alarms.ts";
import { commonChinese } from "./chinese/common.ts";
import { registryChinese } from "./chinese/registry.ts";
import type { Sentence } from "./chinese/sentence.ts";
import { telemetryChinese } from "./chinese/telemetry.ts";

/** The languages in which the API tells people what went wrong. */
export const SaidLanguage = { English: "en", Chinese: "zh" } as const;
/** The languages in which the API tells people what went wrong. */
export type SaidLanguage = (typeof SaidLanguage)[keyof typeof SaidLanguage];

/**
 * All sentences in both languages. The English one is the key, as it stands where the error is thrown: who throws an error writes one sentence and knows
 * nothing of languages. A test compares this list with the sources, both ways.
 */
export const sentences: readonly Sentence[] = [
  ...commonChinese,
  ...registryChinese,
  ...telemetryChinese,
  ...alarmsChinese,
  ...problemTemplates(),
];

/** Sentences within sentences: `retention of "log": days 0 must be 1…730`. */
const depthMax = 3;

/**
 * Which language a request asks for, by its `accept-language` (RFC 9110): that of English and Chinese which comes first by weight. English where it names
 * neither. Of a header longer than any that people's programs send, the beginning counts.
 */
export function saidLanguageOf(header: string | null | undefined): SaidLanguage {
  const wanted = (header ?? "")
    .slice(0, 400)
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const weight = parameters.find((text) => text.startsWith("q="));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
    })
    .filter(({ tag, weight }) => weight > 0 && /^(en|zh)(-|$)/.test(tag))
    .sort((a, b) => b.weight - a.weight);
  return wanted[0]?.tag.startsWith("zh") ? SaidLanguage.Chinese : SaidLanguage.English;
}

/**
 * An error's sentence in the reader's language. What has no Chinese (another program's words, say) stays as it is: better in English than not at all.
 *
 * @param message  English, as it was thrown
 */
export function saidIn(language: SaidLanguage, message: string): string {
  return language === SaidLanguage.English ? message : (chineseOf(message, depthMax) ?? message);
}

/** @returns undefined where there is none */
function chineseOf(message: string, depth: number): string | undefined {
  for (const { literals, chinese } of compiled) {
    const values = valuesIn(message, literals);
    if (values === undefined) continue;
    return chinese.replace(/\{(\d)\}/g, (_, digit: string) => {
      const value = values[Number(digit) - 1] ?? "";
      return (depth > 1 ? chineseOf(value, depth - 1) : undefined) ?? value;
    });
  }
  return undefined;
}

interface Compiled {
  readonly literals: readonly string[];
  readonly chinese: string;
}

// The sentence that says the most comes first: `{} must be {}…{}` holds for what has none of its own.
const compiled: readonly Compiled[] = sentences
  .map(([english, chinese]) => ({ literals: english.split("{}"), chinese }))
  .sort((a, b) => b.literals.join("").length - a.literals.join("").length);

/** What stands in the gaps, each as short as can be; never goes back, so that no message costs more than its length. */
function valuesIn(message: string, literals: readonly string[]): string[] | undefined {
  const [first = "", ...rest] = literals;
  const last = rest.pop();
  if (last === undefined) return message === first ? [] : undefined;
  if (!message.startsWith(first)) return undefined;
  const values: string[] = [];
  let at = first.length;
  for (const literal of rest) {
    const next = message.indexOf(literal, at);
    if (next < 0) return undefined;
    values.push(message.slice(at, next));
    at = next + literal.length;
  }
  if (message.length - last.length < at || !message.endsWith(last)) return undefined;
  values.push(message.slice(at, message.length - last.length));
  return values;
}
