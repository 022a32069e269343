/** What a template may name. */
export const templateNames = ["phone", "title", "text", "severity", "service", "target", "event"] as const;

/** Values for the names of a template. */
export type TemplateValues = Readonly<Record<(typeof templateNames)[number], string>>;

const placeholder = /\{\{\s*(\w*)\s*\}\}/g;

/**
 * What is wrong with a template.
 *
 * @returns `undefined` where nothing is
 */
export function templateProblem(template: string): string | undefined {
  try {
    JSON.parse(template);
  } catch {
    return "no JSON";
  }
  for (const [, name] of template.matchAll(placeholder)) {
    if (!(templateNames as readonly string[]).includes(name ?? ""))
      return `a template with the unknown name {{${name}}}`;
  }
  return undefined;
}

/**
 * Fill a template. It is parsed first and only its strings are filled, so that no value, whatever it contains, can change the
 * shape of what is sent; what a value contains is not filled again.
 *
 * @returns JSON
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  return JSON.stringify(
    JSON.parse(template, (_key, value: unknown) =>
      typeof value === "string"
        ? value.replaceAll(placeholder, (_whole, name: keyof TemplateValues) => values[name] ?? "")
        : value,
    ),
  );
}
