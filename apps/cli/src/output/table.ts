import { padText, textWidth } from "./text-width.ts";

/** One column: its heading, and on which side its texts stand. */
export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/** Lines of a table without a frame: headings, then rows, two spaces between columns, no spaces at the end of a line. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map((column) => column.heading), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => textWidth(line[index] ?? ""))));
  return lines.map((line) =>
    columns
      .map(({ align }, index) => padText(line[index] ?? "", widths[index] ?? 0, align === "right" ? "right" : "left"))
      .join("  ")
      .trimEnd(),
  );
}
