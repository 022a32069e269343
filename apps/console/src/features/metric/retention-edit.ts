const GIGABYTE = 1e9;

/** What somebody types for one kind. */
export interface RetentionEdit {
  readonly days: string;
  /** 0: no limit. */
  readonly gigabytes: string;
}

/** What is kept of one kind. */
export interface RetentionValue {
  readonly kind: string;
  readonly days: number;
  readonly maxBytes: number;
}

/** What is kept, as it is typed. */
export function retentionEdits(values: readonly RetentionValue[]): Record<string, RetentionEdit> {
  return Object.fromEntries(
    values.map(({ kind, days, maxBytes }) => [kind, { days: String(days), gigabytes: String(maxBytes / GIGABYTE) }]),
  );
}

/**
 * Reads what was typed: whole days 1…730; gigabytes from 0.1 on, or 0.
 *
 * @returns the values, and which fields (`logs days`) are wrong
 */
export function readRetention(edits: Readonly<Record<string, RetentionEdit>>): {
  values: RetentionValue[];
  wrong: ReadonlySet<string>;
} {
  const wrong = new Set<string>();
  const values = Object.entries(edits).map(([kind, edit]) => {
    const days = Number(edit.days.trim());
    const gigabytes = Number(edit.gigabytes.trim().replace(",", "."));
    if (edit.days.trim() === "" || !Number.isInteger(days) || days < 1 || days > 730) wrong.add(`${kind} days`);
    const isSize = gigabytes === 0 || (gigabytes >= 0.1 && gigabytes <= 1e6);
    if (edit.gigabytes.trim() === "" || !isSize) wrong.add(`${kind} gigabytes`);
    return { kind, days, maxBytes: Math.round(gigabytes * GIGABYTE) };
  });
  return { values, wrong };
}

/** What is there of one kind. */
export interface KeptData {
  readonly kind: string;
  readonly bytes: number;
  /** Milliseconds since 1970 UTC; 0: nothing. */
  readonly oldestMs: number;
}

/** The kinds of which something that is there would be deleted for good. */
export function deletedKinds(values: readonly RetentionValue[], kept: readonly KeptData[], nowMs: number): string[] {
  return values
    .filter(({ kind, days, maxBytes }) => {
      const data = kept.find((one) => one.kind === kind);
      if (data === undefined || data.oldestMs === 0) return false;
      return data.oldestMs < nowMs - days * 86_400_000 || (maxBytes > 0 && data.bytes > maxBytes);
    })
    .map(({ kind }) => kind);
}
