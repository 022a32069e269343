/** The head of a column that the table can be sorted by. */
export interface SortHeadProps<By extends string> {
  readonly by: By;
  /** What the table is sorted by now. */
  readonly sort: By;
  readonly onSort: (by: By) => void;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly numeric?: boolean;
  /** Only shown where there is room. */
  readonly wide?: boolean;
  /** Names go up, everything else begins with the highest. Default false. */
  readonly ascending?: boolean;
}

/** The head of a column that the table can be sorted by, with an arrow where it is. */
export function SortHead<By extends string>(props: SortHeadProps<By>) {
  const { by, sort, onSort, text, hint, numeric = false, wide = false, ascending = false } = props;
  const active = by === sort;
  return (
    <th
      className={[numeric ? "num" : "", wide ? "col-wide" : ""].join(" ").trim()}
      aria-sort={active ? (ascending ? "ascending" : "descending") : "none"}
      title={hint}
    >
      <button type="button" className={active ? "sort active" : "sort"} onClick={() => onSort(by)}>
        {text}
        <span aria-hidden="true">{active ? (ascending ? " ↑" : " ↓") : ""}</span>
      </button>
    </th>
  );
}
