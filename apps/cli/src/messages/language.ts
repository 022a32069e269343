/** The languages that the command speaks. */
export const languages = ["en", "zh"] as const;

/** One of `languages`. */
export type Language = (typeof languages)[number];

/**
 * The language to speak: `--lang` of the command line, else what LC_ALL, LC_MESSAGES or LANG say, else English.
 *
 * It is looked for before the command line is parsed, because the help that parsing may print is already in it. A `--lang`
 * that is no language is left to the parser to refuse.
 */
export function chooseLanguage(args: readonly string[], environment: NodeJS.ProcessEnv): Language {
  const index = args.findIndex((argument) => argument === "--lang" || argument.startsWith("--lang="));
  const asked = args[index]?.includes("=") ? args[index].slice("--lang=".length) : args[index + 1];
  const found = index < 0 ? undefined : languages.find((language) => language === asked);
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || "";
  return found ?? (/^zh([_.@-]|$)/i.test(locale) ? "zh" : "en");
}
