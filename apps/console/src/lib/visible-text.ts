// What programs write to colour a terminal: of no use here, and of no meaning.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const terminal = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;
// Of the others only tab and line feed are layout. What turns the direction of text can make it say something else.
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A text of a program as people can read it: without colours of a terminal, and with control characters and signs that turn its direction shown as what they
 * are (`␀`, `␛`, `⟨U+202E⟩`) instead of as nothing or as another text.
 */
export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(terminal, "").replace(unseen, nameOf);
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
