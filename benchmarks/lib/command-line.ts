import { parseArgs } from "node:util";

/** One option of a benchmark: with `flag` it is there or not, else it takes a value. */
export interface Option {
  /** What it is for, with its range. */
  readonly about: string;
  readonly default?: string;
  readonly flag?: true;
}

type Options = Readonly<Record<string, Option>>;
type Values<Of extends Options> = {
  readonly [Name in keyof Of]: Of[Name] extends { flag: true }
    ? boolean
    : Of[Name] extends { default: string }
      ? string
      : string | undefined;
};

/** A benchmark's command line. What is wrong with it is said in a line, followed by its help, and ends the program with status 2. */
export class CommandLine<Of extends Options> {
  readonly values: Values<Of>;
  /** Words that are no options. */
  readonly words: readonly string[];
  readonly #help: string;

  /**
   * Reads this process's arguments; with `--help` prints the help and ends it.
   *
   * @param command  as users write it
   * @param about    what is measured, in a few lines
   * @param words    how many words that are no options it takes at most; default none
   */
  constructor(command: string, about: string, options: Of, { words = 0 }: { words?: number } = {}) {
    this.#help = helpOf(command, about, options);
    const parsed = this.#parse(options);
    if (parsed.values.help === true) {
      process.stdout.write(this.#help);
      process.exit(0);
    }
    if (parsed.positionals.length > words) {
      this.refuse(`what is ${JSON.stringify(parsed.positionals[words])}?`);
    }
    this.values = parsed.values as Values<Of>;
    this.words = parsed.positionals;
  }

  /** The value of an option as an integer in `least`…`most`. */
  integer(name: keyof Of & string, least: number, most: number): number {
    const text = String(this.values[name]);
    const value = Number(text);
    if (!(text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most)) {
      this.refuse(`--${name} ${JSON.stringify(text)} must be an integer in ${least}…${most}`);
    }
    return value;
  }

  /**
   * The things whose name the option's value, a regular expression, matches; all where it is empty, none for `none`.
   *
   * A `×` in a name may be written as the letter x. A pattern that matches nothing is refused with all names: it would measure nothing, silently.
   */
  chosen<Thing>(option: string, pattern: string, things: readonly Thing[], nameOf: (thing: Thing) => string): Thing[] {
    if (pattern === "none") {
      return [];
    }
    const wanted = this.#regularExpression(option, pattern);
    const found = things.filter(
      (thing) => wanted.test(nameOf(thing)) || wanted.test(nameOf(thing).replaceAll("×", "x")),
    );
    if (found.length === 0) {
      this.refuse(`${option} ${JSON.stringify(pattern)} matches none of: ${things.map(nameOf).join(", ")}`);
    }
    return found;
  }

  /** Say what is wrong and how it would be right, and end with status 2. */
  refuse(message: string): never {
    process.stderr.write(`${message}\n\n${this.#help}`);
    process.exit(2);
  }

  #regularExpression(option: string, pattern: string): RegExp {
    try {
      return new RegExp(pattern);
    } catch (error) {
      return this.refuse(`${option} is no regular expression: ${(error as Error).message}`);
    }
  }

  #parse(options: Of) {
    const config = Object.fromEntries(
      Object.entries<Option>(options).map(([name, { default: value, flag }]) => [
        name,
        flag
          ? { type: "boolean" as const, default: false }
          : { type: "string" as const, ...(value === undefined ? {} : { default: value }) },
      ]),
    );
    try {
      return parseArgs({
        options: { ...config, help: { type: "boolean", short: "h", default: false } },
        allowPositionals: true,
      });
    } catch (error) {
      // Only Node's first sentence: the others explain how to write options that begin with a dash.
      return this.refuse((error as Error).message.replace(/\. .*/s, ""));
    }
  }
}

function helpOf(command: string, about: string, options: Options): string {
  const rows = Object.entries(options).map(([name, { about, default: value, flag }]) => {
    const text = value === undefined || value === "" ? about : `${about}; default ${value}`;
    return [`--${name}${flag ? "" : " …"}`, text] as const;
  });
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join("");
  return `Usage: ${command}${rows.length > 0 ? " [options]" : ""}\n\n${about}\n${lines === "" ? "" : `\n${lines}`}`;
}
