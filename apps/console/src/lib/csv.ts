/** A cell of a table for a spreadsheet. */
export type CsvCell = string | number | undefined;

/** Rows as a spreadsheet reads them: RFC 4180, with a mark in front by which it knows the characters. A text that it would take for a formula is kept from it by an apostrophe. */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(cellText).join(",")).join("\r\n")}\r\n`;
}

function cellText(cell: CsvCell): string {
  if (cell === undefined) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : "";
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Saves a text as a file of the browser. @param name with its ending; what no file system takes becomes `_` */
export function saveText(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replaceAll(/[\\/:*?"<>|\s]+/g, "_");
  link.click();
  URL.revokeObjectURL(url);
}
