import type { KeyboardEvent } from "react";

/** Marks an element whose parts lie in a row of a chart: flags, the plot, the legend, the links below. */
export const chartRow = { "data-chart-row": "" } as const;

const PARTS = "button:not(:disabled), a[href], [role=slider]";

/**
 * Moves the focus within a chart, which is one stop of the Tab key: up and down from row to row, left and right within one. In the plot itself, left and right are
 * the plot's. A chart in a frame with more rows hands on what it has no row for.
 */
export function moveInChart(event: KeyboardEvent<HTMLElement>): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = partAt(event.currentTarget, event.target as Element, event.key);
  if (target === undefined) return;
  event.preventDefault();
  target.focus();
}

function partAt(chart: HTMLElement, from: Element, key: string): HTMLElement | undefined {
  const rows = [...chart.querySelectorAll("[data-chart-row]")].map(partsOf).filter((parts) => parts.length > 0);
  const row = rows.findIndex((parts) => parts.includes(from as HTMLElement));
  const parts = rows[row];
  if (parts === undefined) return undefined;
  const at = parts.indexOf(from as HTMLElement);
  if (key === "ArrowUp") return rows[row - 1]?.[0];
  if (key === "ArrowDown") return rows[row + 1]?.[0];
  if (key === "ArrowLeft") return parts[at - 1];
  if (key === "ArrowRight") return parts[at + 1];
  if (key === "Home") return parts[0];
  return key === "End" ? parts.at(-1) : undefined;
}

/** The words of a flag are there only while the focus is in it; those of a flag that leads somewhere itself say the same again. */
function partsOf(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>(PARTS)].filter((part) => {
    const flag = part.closest(".words")?.parentElement;
    if (flag === undefined || flag === null) return true;
    return flag.contains(document.activeElement) && flag.querySelector("button.pennant") !== null;
  });
}
