/**
 * The one-time token in what somebody pasted: the token itself, or the whole address that `npm start` printed.
 *
 * @param text a token, a fragment with or without its `#`, or an address with a fragment
 * @returns empty when there is none
 */
export function signInTokenFrom(text: string): string {
  const trimmed = text.trim();
  const hash = trimmed.indexOf("#");
  const fragment = hash === -1 ? trimmed : trimmed.slice(hash + 1);
  return decodeSafely(fragment.replace(/^token=/, "")).trim();
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded: as it stands.
    return text;
  }
}
