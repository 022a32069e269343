/**
 * The number of bytes that a string takes as UTF-8, without encoding it. A lone surrogate counts three, as its replacement does.
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let position = 0; position < text.length; position++) {
    const unit = text.charCodeAt(position);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // A pair is two units and four bytes: two more than its length, not four.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(position + 1) & 0xfc00) === 0xdc00) position++;
  }
  return bytes;
}

/**
 * The text, or its beginning with a mark at the end when it is longer than `maxUnits` UTF-16 units. Never cuts through a pair.
 */
export function cutText(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  const end = (text.charCodeAt(maxUnits - 1) & 0xfc00) === 0xd800 ? maxUnits - 1 : maxUnits;
  return `${text.slice(0, end)}…(${text.length - end} more)`;
}
