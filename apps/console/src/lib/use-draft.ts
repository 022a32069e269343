import { useCallback, useEffect, useRef, useState } from "react";

const PREFIX = "msec.draft.";
// Much more than any form has; a browser keeps five million for a site.
const DRAFT_MAX_UNITS = 100_000;

interface Kept {
  /** What the draft was made of: where that is another now, the draft is of no use. */
  readonly base: string;
  readonly value: unknown;
}

/** What is being written, and what was kept of it. */
export interface Draft<T> {
  readonly value: T;
  readonly set: (next: (old: T) => T) => void;
  /** It was sent or given up: back to what there is, and nothing is kept. */
  readonly forget: () => void;
  /** What is shown was written before the page was loaded, and not sent. */
  readonly restored: boolean;
}

/** How a draft is kept. */
export interface DraftOptions<T> {
  /** What the draft begins with, as text: one that began with something else is dropped. */
  readonly base: string;
  /** What of a value is kept; nothing secret may be. Default: all of it. */
  readonly keep?: (value: T) => unknown;
  /** A value from what was kept, which may be of an older version of this page; `undefined`, or an error: none. */
  readonly read: (kept: unknown) => T | undefined;
}

/**
 * A value that is being written and not sent yet. It is kept in the tab's session storage: a reload or another page does not lose it; another tab, another person and a
 * copied address do not get it.
 *
 * @param name     names the form
 * @param initial  where nothing is kept, and after `forget`
 */
export function useDraft<T>(name: string, initial: T, { base, keep, read }: DraftOptions<T>): Draft<T> {
  const key = PREFIX + name;
  const [state, setState] = useState(() => readState(key, base, initial, read));
  const latest = useRef({ initial, keep, read });
  latest.current = { initial, keep, read };
  const shown = useRef({ key, base });
  useEffect(() => {
    if (shown.current.key === key && shown.current.base === base) return;
    shown.current = { key, base };
    setState(readState(key, base, latest.current.initial, latest.current.read));
  }, [key, base]);
  const set = useCallback(
    (next: (old: T) => T) =>
      setState((old) => {
        const value = next(old.value);
        // Writing the same twice, as React may ask in development, changes nothing.
        write(key, { base, value: latest.current.keep === undefined ? value : latest.current.keep(value) });
        return { value, restored: old.restored };
      }),
    [key, base],
  );
  const forget = useCallback(() => {
    setState({ value: latest.current.initial, restored: false });
    write(key, undefined);
  }, [key]);
  return { ...state, set, forget };
}

/** Nothing of what was being written is left: somebody else may use the tab. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // A browser without session storage keeps nothing anyway.
  }
}

function readState<T>(key: string, base: string, initial: T, read: (kept: unknown) => T | undefined) {
  try {
    const text = sessionStorage.getItem(key);
    const kept = text === null ? undefined : (JSON.parse(text) as Kept);
    const value = kept?.base === base ? read(kept.value) : undefined;
    if (value !== undefined) return { value, restored: true };
  } catch {
    // Not there, not ours, or of an older version: begin anew.
  }
  return { value: initial, restored: false };
}

function write(key: string, kept: Kept | undefined): void {
  try {
    const text = kept === undefined ? "" : JSON.stringify(kept);
    if (text === "" || text.length > DRAFT_MAX_UNITS) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // Full or switched off: what is written is still on the page.
  }
}
