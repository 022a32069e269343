import type { ChannelSecrets } from "./channel.ts";

/** Shorter parts of an address are words such as `send`, and no keys. */
const KEY_LEAST_CHARACTERS = 8;

/** Text from the other side without what is secret of a channel: servers repeat the path that they do not know, and with it a chat's key. */
export function withoutSecrets(text: string, { url, secret }: ChannelSecrets): string {
  return secretTexts(url, secret).reduce((left, found) => left.replaceAll(found, "…"), text);
}

function secretTexts(url: string, secret: string): string[] {
  const texts = [secret];
  if (URL.canParse(url)) {
    const { href, pathname, search, searchParams } = new URL(url);
    const inside = [...pathname.split("/"), ...search.split(/[?&=]/), ...searchParams.values()];
    texts.push(href, url, ...inside.filter((part) => part.length >= KEY_LEAST_CHARACTERS));
  }
  const spelled = texts.flatMap((text) => [text, encodeURIComponent(text), decoded(text)]);
  // The longest first: what is a part of another one would leave its rest.
  return [...new Set(spelled)].filter((text) => text !== "").sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no character.
    return text;
  }
}
