import { algorithms } from "./algorithms/all.ts";
import { criteria, meanOf, type Row, shortfalls } from "./compare.ts";
import type { Result } from "./measurement.ts";

const columns: readonly { readonly title: string; readonly text: (result: Result) => string }[] = [
  { title: "cost ms", text: ({ costMs }) => costMs.toFixed(2) },
  { title: "errors", text: ({ errors }) => `${(errors * 100).toFixed(2)} %` },
  { title: "p50 ms", text: ({ p50Ms }) => p50Ms.toFixed(1) },
  { title: "p99 ms", text: ({ p99Ms }) => p99Ms.toFixed(1) },
  { title: "to the bad", text: ({ badShare }) => (badShare === undefined ? "" : `${(badShare * 100).toFixed(2)} %`) },
  {
    title: "return s",
    text: ({ returnS }) => (returnS === undefined ? "" : returnS === Infinity ? "never" : `${returnS}`),
  },
  { title: "imbalance", text: ({ imbalance }) => `${(imbalance * 100).toFixed(0)} %` },
];

/** The comparison as a Markdown table, which is also readable as it stands: a line for each scenario and algorithm. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) =>
    row.results.map((result, position) => [
      position === 0 ? row.scenario.title : "",
      `${algorithms[position]!.name}${shortfalls(row, result).length === 0 ? " ✓" : ""}`,
      ...columns.map(({ text }) => text(result)),
    ]),
  );
  return aligned([["scenario", "algorithm", ...columns.map(({ title }) => title)], ...lines], 2);
}

/** Whether ours is best or near it, a line for each scenario and a column for each seed and for their mean, with what it is behind in. */
export function verdictTable(seeds: readonly { readonly seed: number; readonly rows: readonly Row[] }[]): string {
  const lines = seeds[0]!.rows.map(({ scenario }, position) => [
    scenario.title,
    ...seeds.map(({ rows }) => verdict(rows[position]!)),
    verdict(meanOf(seeds.map(({ rows }) => rows[position]!))),
  ]);
  return aligned([["scenario", ...seeds.map(({ seed }) => `seed ${seed}`), "mean"], ...lines], 1);
}

function verdict(row: Row): string {
  const ours = row.results.at(-1)!;
  const behind = criteria
    .map(({ name, of, slack }) => {
      const best = Math.min(...row.results.map(of));
      return { name, percent: (of(ours) / best - 1) * 100, isFine: of(ours) <= best * 1.05 + slack };
    })
    .filter(({ isFine }) => !isFine);
  return behind.length === 0 ? "✓" : behind.map(({ name, percent }) => `${name} +${percent.toFixed(0)} %`).join(", ");
}

function aligned([header, ...lines]: string[][], textColumns: number): string {
  const widths = header!.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  const isText = (column: number) => column < textColumns;
  const row = (cells: string[]) =>
    `| ${cells.map((cell, column) => (isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (isText(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [row(header!), rule, ...lines.map(row)].join("\n");
}
