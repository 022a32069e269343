import { en } from "./en.ts";
import type { Language } from "./language.ts";
import { zh } from "./zh.ts";

/** Everything that the command says, in one language. */
export type Messages = typeof en;

const catalogues: Readonly<Record<Language, Messages>> = { en, zh };

/** The messages of a language. */
export function messagesIn(language: Language): Messages {
  return catalogues[language];
}
