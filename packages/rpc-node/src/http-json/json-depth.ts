/**
 * Whether JSON text nests arrays and objects at most `maxDepth` deep. Looked at before parsing, since the parser and what
 * walks its result recurse.
 */
export function isJsonWithinDepth(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) {
        i++;
      } else if (code === 0x22) {
        inString = false;
      }
    } else if (code === 0x22) {
      inString = true;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) {
        return false;
      }
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    }
  }
  return true;
}
