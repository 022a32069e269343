import type { CommandContext } from "../context.ts";
import { padText } from "../output/text-width.ts";

/** Prints what the launcher does, a line for each thing, with the seconds since it began. */
export interface Progress {
  /** A step began, ended, or something happened: `  1.2 s  server      http://127.0.0.1:8080`. */
  step(name: string, text: string): void;
  /** The same for something that went wrong. */
  problem(name: string, text: string): void;
  /** Text without time, such as the console's address. */
  say(text: string): void;
  /** Seconds since the beginning, with one decimal. */
  seconds(): string;
}

const nameWidth = 15;

/** Begin now. */
export function startProgress({ terminal, style }: Pick<CommandContext, "terminal" | "style">): Progress {
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  const line = (name: string, text: string) =>
    `${style.faint(`${seconds().padStart(6)} s`)}  ${padText(name, nameWidth)}  ${text}`;
  return {
    step: (name, text) => terminal.out(line(name, text)),
    problem: (name, text) => terminal.out(line(name, style.bad(text))),
    say: (text) => terminal.out(text),
    seconds,
  };
}
