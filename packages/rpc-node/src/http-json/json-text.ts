import type { JsonValue } from "@bufbuild/protobuf";

const maxDepth = 64;
// Reading digits into a 64-bit field takes time that grows with their square: three million of them block the process for over a second.
const longNumber = /[":,[\s]-?\d{1000}\d*(?=[",\]}\s.eE])/;

/**
 * How many members all objects of a JSON text have together. Looked at before parsing, since the parser and what walks its result recurse.
 *
 * @returns -1 where arrays and objects nest deeper than `maxDepth`; anything for what is no JSON
 */
export function countJsonMembers(text: string, maxDepth: number): number {
  let depth = 0;
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      for (i++; i < text.length; i++) {
        const inside = text.charCodeAt(i);
        if (inside === 0x22) {
          break;
        }
        if (inside === 0x5c) {
          i++;
        }
      }
    } else if (code === 0x3a) {
      members++;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) {
        return -1;
      }
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    }
  }
  return members;
}

/**
 * Parse JSON that a peer sent.
 *
 * @returns its value, or in words what is wrong with it: nested deeper than 64, a number of more than 1,000 digits, a name twice in one object (of which
 *   parsers take either, so that a filter before us may have seen the other one), no JSON
 */
export function parseJson(text: string): { readonly value: JsonValue } | { readonly fault: string } {
  const members = countJsonMembers(text, maxDepth);
  if (members < 0) {
    return { fault: `it is nested deeper than ${maxDepth}` };
  }
  if (text.length > 1_000 && longNumber.test(text)) {
    return { fault: "it has a number of more than 1,000 digits" };
  }
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: text.trim() === "" ? "it is empty; send {} for a message without fields" : "it is not JSON" };
  }
  // The text has one colon for each member; of those with one name the parser keeps one.
  return members < 2 || countMembers(value) === members
    ? { value }
    : { fault: "an object in it has the same name twice" };
}

const longInteger = /\d{16}/;

/**
 * `JSON.parse`, for whoever has no descriptor: integers that a number would change are strings of their digits, as protobuf's JSON has them.
 *
 * @throws SyntaxError  no JSON
 */
export function parseKeepingDigits(text: string): JsonValue {
  return longInteger.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source ?? "";
  return typeof value === "number" && /^-?\d{16,}$/.test(source) && String(value) !== source ? source : value;
}

function countMembers(value: JsonValue): number {
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) {
      if (typeof element === "object") {
        members += countMembers(element);
      }
    }
  } else if (typeof value === "object" && value !== null) {
    for (const key of Object.keys(value)) {
      const member = value[key]!;
      members += typeof member === "object" ? 1 + countMembers(member) : 1;
    }
  }
  return members;
}
