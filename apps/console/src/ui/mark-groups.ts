/** What kind of thing happened: it gives a mark its colour. */
export const MarkKind = { Release: "release", In: "in", Out: "out", Life: "life", Other: "other" } as const;
/** What kind of thing happened. */
export type MarkKind = (typeof MarkKind)[keyof typeof MarkKind];

/** Something that happened: a thin line across the chart with a flag on top, its words, and where it leads. */
export interface ChartMark {
  /** Milliseconds since 1970 UTC. */
  readonly timeMs: number;
  readonly kind: MarkKind;
  /** When it happened, for people. */
  readonly clock: string;
  /** What happened to what, and by whom. */
  readonly label: string;
  /** The path of a page of this console about it; absent: none. */
  readonly href?: string;
}

/** Marks that would cover each other: one flag for all of them. */
export interface MarkGroup {
  /** In order of time; at least one. */
  readonly marks: readonly ChartMark[];
  /** Where the flag is, 0…1 of the width: at the first of its marks, so that no two flags touch. */
  readonly at: number;
  /** Where each of its lines is, 0…1 of the width. */
  readonly lines: readonly number[];
}

/**
 * The marks of a range of time in groups of those whose flags would cover each other, from left to right.
 *
 * @param fromMs   the left edge of the chart
 * @param toMs     its right edge; both belong to it
 * @param laterMs  what happened up to so long after it stands at the edge: a step's point is at its beginning
 * @param widthPx  of the chart; 0 while it is not known: nothing is shown
 * @param flagPx   flags nearer to each other than this become one
 */
export function groupMarks(
  marks: readonly ChartMark[],
  fromMs: number,
  toMs: number,
  laterMs: number,
  widthPx: number,
  flagPx: number,
): MarkGroup[] {
  if (widthPx <= 0 || toMs <= fromMs) return [];
  const groups: ChartMark[][] = [];
  const place = ({ timeMs }: ChartMark) => Math.min(1, (timeMs - fromMs) / (toMs - fromMs));
  const inside = marks
    .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs + laterMs)
    .sort((a, b) => a.timeMs - b.timeMs);
  for (const mark of inside) {
    const group = groups.at(-1);
    // From the first one on: a long row of marks is several flags, not one.
    if (group !== undefined && (place(mark) - place(group[0]!)) * widthPx < flagPx) group.push(mark);
    else groups.push([mark]);
  }
  return groups.map((group) => {
    const lines = group.map(place);
    return { marks: group, at: lines[0]!, lines };
  });
}
