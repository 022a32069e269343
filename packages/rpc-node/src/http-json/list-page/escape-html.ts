const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML that is safe to put into a page: made by {@link html} only, so that text cannot be taken for it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What `html` takes: text and numbers are escaped, HTML is not, of a list each, `undefined` and `false` are nothing. */
export type HtmlValue = string | number | Html | undefined | false | readonly HtmlValue[];

/** A template of HTML whose values are escaped, for element content and quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, string, at) => text + htmlOf(values[at - 1]) + string));
}

function htmlOf(value: HtmlValue): string {
  if (value === undefined || value === false) {
    return "";
  }
  if (value instanceof Html) {
    return value.text;
  }
  if (Array.isArray(value)) {
    return value.map(htmlOf).join("");
  }
  return String(value).replace(/[&<>"']/g, (character) => entities[character]!);
}
