import { styleText } from "node:util";
import type { Terminal } from "./terminal.ts";

/** Functions that mark up text for a terminal, or leave it as it is where colours may not be used. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

/** The style of a terminal. */
export function styleOf(terminal: Pick<Terminal, "color">): Style {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    terminal.color ? styleText(format, text, { validateStream: false }) : text;
  return {
    good: paint("green"),
    bad: paint("red"),
    warn: paint("yellow"),
    faint: paint("gray"),
    strong: paint("bold"),
  };
}
