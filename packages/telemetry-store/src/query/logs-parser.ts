import { readTokens, type Token, TokenKind } from "./logs-lexer.ts";
import { InvalidExpression, ProblemKind, quoteFound } from "./logs-problem.ts";

/** Conditions in one expression. */
export const conditionsMax = 100;
/** Values in one list. */
export const valuesMax = 100;
/** UTF-16 units of one value. */
export const valueMaxUnits = 1_000;
const depthMax = 32;

/** How a field is compared: `~` contains (capitals do not count), `=~` matches a pattern of RE2. */
export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | "=~";

/** A value as it was written, and where. */
export interface Value {
  readonly text: string;
  readonly position: number;
  readonly length: number;
  /** Written without quotes: a `*` at an end is then anything, and `name:value` may mean a field. */
  readonly bare: boolean;
}

/** An expression as a tree. */
export type Expression =
  | { readonly kind: "and" | "or"; readonly parts: readonly Expression[] }
  | { readonly kind: "not"; readonly part: Expression }
  | { readonly kind: "compare"; readonly name: Value; readonly comparison: Comparison; readonly value: Value }
  | { readonly kind: "in"; readonly name: Value; readonly values: readonly Value[] }
  | { readonly kind: "exists"; readonly name: Value }
  | { readonly kind: "text"; readonly value: Value };

const comparisons: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">=", "~", "!~", "=~"]);

/**
 * Read an expression.
 *
 * ```
 * or   = and { ("or" | "||") and }
 * and  = not { ["and" | "&&"] not }
 * not  = ("not" | "!") not | "(" or ")" | condition
 * condition = name comparison value | name ["not"] "in" "(" value {"," value} ")" | name ["not"] "exists" | value
 * ```
 *
 * A value alone asks for lines that contain it.
 *
 * @returns `undefined` for an empty one
 * @throws InvalidExpression with the position
 */
export function parseExpression(expression: string): Expression | undefined {
  const parser = new Parser(readTokens(expression));
  return parser.parse();
}

/** The regular expressions of an expression, with where they stand. */
export function patternsOf(expression: Expression | undefined): Extract<Expression, { kind: "compare" }>[] {
  switch (expression?.kind) {
    case "and":
    case "or":
      return expression.parts.flatMap(patternsOf);
    case "not":
      return patternsOf(expression.part);
    case "compare":
      return expression.comparison === "=~" ? [expression] : [];
    default:
      return [];
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #conditions = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression | undefined {
    if (this.#next().kind === TokenKind.End) return undefined;
    const expression = this.#or();
    if (this.#next().kind === TokenKind.Comma) throw this.#fault(ProblemKind.Character);
    if (this.#next().kind !== TokenKind.End) throw this.#fault(ProblemKind.Surplus);
    return expression;
  }

  #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(): Token {
    const token = this.#next();
    if (token.kind !== TokenKind.End) this.#at++;
    return token;
  }

  #or(): Expression {
    const parts = [this.#and()];
    while (this.#takeIf("or", "||")) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : { kind: "or", parts };
  }

  #and(): Expression {
    const parts = [this.#not()];
    while (this.#takeIf("and", "&&") || this.#beginsCondition()) parts.push(this.#not());
    return parts.length === 1 ? parts[0]! : { kind: "and", parts };
  }

  #not(): Expression {
    if (++this.#depth > depthMax) throw this.#fault(ProblemKind.Deep);
    try {
      if (this.#takeIf("not", "!")) return { kind: "not", part: this.#not() };
      if (this.#next().kind !== TokenKind.Open) return this.#condition();
      this.#take();
      const inner = this.#or();
      if (this.#next().kind !== TokenKind.Close) throw this.#fault(ProblemKind.Close);
      this.#take();
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #condition(): Expression {
    const token = this.#next();
    if (token.kind !== TokenKind.Word && token.kind !== TokenKind.Text) throw this.#fault(ProblemKind.Condition);
    if (token.kind === TokenKind.Word && isKeyword(token, "and", "or")) throw this.#fault(ProblemKind.Condition);
    if (++this.#conditions > conditionsMax) throw this.#fault(ProblemKind.Many);
    const name = this.#value();
    if (token.kind === TokenKind.Text) return { kind: "text", value: name };
    // As in SQL: after a name, `not in` and `not exists` are one sign.
    const isNot = isKeyword(this.#next(), "not", "!") && isKeyword(this.#tokens[this.#at + 1] ?? token, "in", "exists");
    if (isNot) this.#take();
    const asked: Expression | undefined = this.#takeIf("exists")
      ? { kind: "exists", name }
      : this.#takeIf("in")
        ? { kind: "in", name, values: this.#list() }
        : undefined;
    if (asked !== undefined) return isNot ? { kind: "not", part: asked } : asked;
    const sign = this.#next().value === "==" ? "=" : this.#next().value;
    if (this.#next().kind === TokenKind.Operator && comparisons.has(sign)) {
      this.#take();
      return { kind: "compare", name, comparison: sign as Comparison, value: this.#value() };
    }
    return { kind: "text", value: name };
  }

  #list(): Value[] {
    if (this.#next().kind !== TokenKind.Open) throw this.#fault(ProblemKind.List);
    this.#take();
    const values = [this.#value()];
    while (this.#next().kind === TokenKind.Comma) {
      this.#take();
      if (values.length === valuesMax) throw this.#fault(ProblemKind.ManyValues);
      values.push(this.#value());
    }
    if (this.#next().kind !== TokenKind.Close) throw this.#fault(ProblemKind.Close);
    this.#take();
    return values;
  }

  #value(): Value {
    const { kind, value, position, length } = this.#next();
    if (kind !== TokenKind.Word && kind !== TokenKind.Text) throw this.#fault(ProblemKind.Value);
    if (value.length > valueMaxUnits) {
      throw new InvalidExpression(ProblemKind.LongValue, position, length, String(value.length));
    }
    this.#take();
    return { text: value, position, length, bare: kind === TokenKind.Word };
  }

  /** Takes the next token where it is one of these keywords or signs. */
  #takeIf(...words: string[]): boolean {
    if (!isKeyword(this.#next(), ...words)) return false;
    this.#take();
    return true;
  }

  // Two conditions without a word between them mean both.
  #beginsCondition(): boolean {
    const token = this.#next();
    if (token.kind === TokenKind.Word) return !isKeyword(token, "or", "and");
    return token.kind === TokenKind.Text || token.kind === TokenKind.Open || isKeyword(token, "!");
  }

  #fault(kind: ProblemKind): InvalidExpression {
    const { kind: found, value, position, length } = this.#next();
    return new InvalidExpression(kind, position, length, found === TokenKind.End ? "" : quoteFound(value));
  }
}

function isKeyword(token: Token, ...words: string[]): boolean {
  const isWord = token.kind === TokenKind.Word || token.kind === TokenKind.Operator;
  return isWord && words.includes(token.value.toLowerCase());
}
