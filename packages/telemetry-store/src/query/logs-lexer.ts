import { InvalidExpression, ProblemKind, quoteFound } from "./logs-problem.ts";

/** UTF-16 units of an expression. */
export const expressionMaxUnits = 4_000;

/** What a piece of an expression is. */
export const TokenKind = {
  /** A name, a number or a value without quotes. */
  Word: "word",
  /** A value in quotes. */
  Text: "text",
  Operator: "operator",
  Open: "open",
  Close: "close",
  Comma: "comma",
  End: "end",
} as const;
/** What a piece of an expression is. */
export type TokenKind = (typeof TokenKind)[keyof typeof TokenKind];

/** A piece of an expression and where it stands, in UTF-16 units. */
export interface Token {
  readonly kind: TokenKind;
  /** The word, the text without its quotes, or the operator. */
  readonly value: string;
  readonly position: number;
  readonly length: number;
}

// Longest first.
const operators = ["!=", ">=", "<=", "=~", "!~", "==", "&&", "||", "=", "<", ">", "~", "!"] as const;
const word = /[^\s"'()<>=!~,&|“”「」（），＝＞＜！～≥≤≠]+/y;
// What input methods for Chinese give where the signs of the left are meant.
const wide: Readonly<Record<string, string>> = {
  "（": "(",
  "）": ")",
  "，": ",",
  "＝": "=",
  "＞": ">",
  "＜": "<",
  "！": "!",
  "～": "~",
  "≥": ">=",
  "≤": "<=",
  "≠": "!=",
};
const quotes: Readonly<Record<string, string>> = { '"': '"', "'": "'", "“": "“”", "”": "“”", "「": "」" };
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/**
 * Take an expression apart.
 *
 * @returns its tokens, the last one of kind `End`
 * @throws InvalidExpression  too long, a character without meaning, a text without an end
 */
export function readTokens(expression: string): Token[] {
  if (expression.length > expressionMaxUnits) {
    const surplus = expression.length - expressionMaxUnits;
    throw new InvalidExpression(ProblemKind.TooLong, expressionMaxUnits, surplus, String(expression.length));
  }
  const tokens: Token[] = [];
  let position = 0;
  while (position < expression.length) {
    const first = expression[position]!;
    if (/\s/.test(first)) {
      position++;
      continue;
    }
    const token = tokenAt(expression, position, first);
    tokens.push(token);
    position += token.length;
  }
  tokens.push({ kind: TokenKind.End, value: "", position, length: 1 });
  return tokens;
}

function tokenAt(expression: string, position: number, first: string): Token {
  const sign = wide[first] ?? first;
  const one = (kind: TokenKind): Token => ({ kind, value: sign, position, length: 1 });
  if (sign === "(") return one(TokenKind.Open);
  if (sign === ")") return one(TokenKind.Close);
  if (sign === ",") return one(TokenKind.Comma);
  const closing = quotes[first];
  if (closing !== undefined) return textAt(expression, position, closing);
  const narrow = Array.from(expression.slice(position, position + 2), (unit) => wide[unit] ?? unit);
  const operator = operators.find((sign) => sign === narrow[0] || sign === narrow.join(""));
  if (operator !== undefined) {
    return { kind: TokenKind.Operator, value: operator, position, length: operator === narrow[0] ? 1 : 2 };
  }
  word.lastIndex = position;
  const match = word.exec(expression);
  if (match === null) throw new InvalidExpression(ProblemKind.Character, position, 1, quoteFound(first));
  return { kind: TokenKind.Word, value: match[0], position, length: match[0].length };
}

/** A line break, tab, carriage return, quote or backslash can be escaped; any other backslash stands for itself. */
function textAt(expression: string, position: number, closing: string): Token {
  let value = "";
  for (let at = position + 1; at < expression.length; at++) {
    const unit = expression[at]!;
    if (closing.includes(unit)) return { kind: TokenKind.Text, value, position, length: at + 1 - position };
    if (unit !== "\\") {
      value += unit;
      continue;
    }
    const next = expression[++at];
    if (next === undefined) break;
    // What is no escape of ours stays whole, so that "\d+" needs no doubling in a pattern.
    value += escapes[next] ?? (closing.includes(next) || next === "\\" ? next : `\\${next}`);
  }
  throw new InvalidExpression(ProblemKind.OpenString, position, expression.length - position);
}
