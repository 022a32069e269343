import { InvalidQuery } from "../store-error.ts";

/** The languages in which a fault of an expression can be told. */
export type ProblemLanguage = "en" | "zh";

/** What can be wrong with an expression; each has its sentence in both languages. */
export const ProblemKind = {
  TooLong: "too-long",
  Character: "character",
  OpenString: "open-string",
  Condition: "condition",
  Close: "close",
  Value: "value",
  List: "list",
  Surplus: "surplus",
  Deep: "deep",
  Many: "many",
  ManyValues: "many-values",
  LongValue: "long-value",
  Level: "level",
  Number: "number",
  YesNo: "yes-no",
  RequestId: "request-id",
  SpanId: "span-id",
  Operator: "operator",
  Name: "name",
  Pattern: "pattern",
} as const;
/** What can be wrong with an expression. */
export type ProblemKind = (typeof ProblemKind)[keyof typeof ProblemKind];

type Sentence = (found: string) => string;

const sentences: Readonly<Record<ProblemKind, Readonly<Record<ProblemLanguage, Sentence>>>> = {
  "too-long": {
    en: (found) => `the expression has ${found} characters: at most 4000`,
    zh: (found) => `表达式有 ${found} 个字符，最多 4000 个`,
  },
  character: {
    en: (found) => `${found} has no meaning here; put text into quotes: "a&b"`,
    zh: (found) => `此处不能有 ${found}；文本请放在引号里："a&b"`,
  },
  "open-string": {
    en: () => "the text that begins here has no closing quote",
    zh: () => "从这里开始的文本缺少结束引号",
  },
  condition: {
    en: (found) => `expected a condition such as level >= error, uid = 7 or "timeout", found ${found}`,
    zh: (found) => `此处应为条件，例如 level >= error、uid = 7 或 "timeout"，却是 ${found}`,
  },
  close: {
    en: (found) => `expected ) for the ( before, found ${found}`,
    zh: (found) => `前面的 ( 缺少 )，此处是 ${found}`,
  },
  value: {
    en: (found) => `expected a value, found ${found}`,
    zh: (found) => `此处应为值，却是 ${found}`,
  },
  list: {
    en: (found) => `expected a list such as (1, 2, 3), found ${found}`,
    zh: (found) => `此处应为列表，例如 (1, 2, 3)，却是 ${found}`,
  },
  surplus: {
    en: (found) => `${found} closes nothing`,
    zh: (found) => `${found} 没有对应的开头`,
  },
  deep: {
    en: () => "more than 32 parentheses or nots inside each other",
    zh: () => "括号或 not 嵌套超过 32 层",
  },
  many: {
    en: () => "more than 100 conditions",
    zh: () => "条件超过 100 个",
  },
  "many-values": {
    en: () => "more than 100 values in one list",
    zh: () => "一个列表中的值超过 100 个",
  },
  "long-value": {
    en: (found) => `the value has ${found} characters: at most 1000`,
    zh: (found) => `值有 ${found} 个字符，最多 1000 个`,
  },
  level: {
    en: (found) => `${found} is no level: expected trace, debug, info, warn, error or fatal`,
    zh: (found) => `${found} 不是级别：应为 trace、debug、info、warn、error 或 fatal`,
  },
  number: {
    en: (found) => `expected a number here, found ${found}`,
    zh: (found) => `此处应为数字，却是 ${found}`,
  },
  "yes-no": {
    en: (found) => `expected true or false, found ${found}`,
    zh: (found) => `此处应为 true 或 false，却是 ${found}`,
  },
  "request-id": {
    en: (found) => `${found} is no request id: expected 32 hex digits, 16 hex digits or up to 20 decimal digits`,
    zh: (found) => `${found} 不是请求 ID：应为 32 位或 16 位十六进制，或最多 20 位十进制`,
  },
  "span-id": {
    en: (found) => `${found} is no span id: expected 16 hex digits`,
    zh: (found) => `${found} 不是 span ID：应为 16 位十六进制`,
  },
  operator: {
    en: (found) => `${found} cannot be asked of this field`,
    zh: (found) => `该字段不能用 ${found} 比较`,
  },
  name: {
    en: (found) => `${found} is no name of a field: a letter or _, then letters, digits, _ . -, at most 128 characters`,
    zh: (found) => `${found} 不是字段名：以字母或 _ 开头，后接字母、数字、_ . -，最多 128 个字符`,
  },
  pattern: {
    en: (found) => `${found} is no regular expression that RE2 knows`,
    zh: (found) => `${found} 不是 RE2 能识别的正则表达式`,
  },
};

/** Where and why an expression cannot be read. */
export interface ExpressionProblem {
  readonly kind: ProblemKind;
  /** UTF-16 units before the fault. */
  readonly position: number;
  /** UTF-16 units of what is wrong, at least 1; at the end of the expression it lies behind it. */
  readonly length: number;
  /** What was found there, cut and in quotes, or a number; "" where it says nothing. */
  readonly found: string;
}

/** The sentence for people, with the position counted from 1. */
export function problemText({ kind, position, found }: ExpressionProblem, language: ProblemLanguage): string {
  const sentence = sentences[kind][language](found === "" ? ends[language] : found);
  return language === "zh" ? `第 ${position + 1} 个字符：${sentence}` : `at character ${position + 1}: ${sentence}`;
}

/**
 * The sentences of `InvalidExpression` in both languages, with `{}` in the English and `{1}`, `{2}` in the Chinese ones for position and what was found, and how the
 * end of an expression is called.
 */
export function problemTemplates(): (readonly [english: string, chinese: string])[] {
  return [
    [ends.en, ends.zh],
    ...Object.values(sentences).map(
      ({ en, zh }) =>
        [
          `the expression cannot be read at character {}: ${en("{}")}`,
          `无法读取表达式：第 {1} 个字符：${zh("{2}")}`,
        ] as const,
    ),
  ];
}

const ends = { en: "the end", zh: "表达式结尾" } as const;

/** An expression that cannot be read; its message is the English sentence. */
export class InvalidExpression extends InvalidQuery {
  readonly problem: ExpressionProblem;

  constructor(kind: ProblemKind, position: number, length: number, found = "") {
    const problem = { kind, position, length: Math.max(1, length), found };
    super(`the expression cannot be read ${problemText(problem, "en")}`);
    this.problem = problem;
  }
}

/** What was found, in quotes and cut, as `InvalidExpression` shows it. */
export function quoteFound(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
