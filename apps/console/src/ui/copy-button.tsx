import { useState } from "react";
import { Icon } from "./icon.tsx";

/** Copies a text; says so for a moment. */
export interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  readonly doneLabel: string;
}

// How long the tick stays.
const DONE_MS = 1600;

/** Copies a text; says so for a moment. */
export function CopyButton({ text, label, doneLabel }: CopyButtonProps) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), DONE_MS);
  };
  return (
    <button type="button" className="bare" onClick={() => void copy()} aria-label={label} title={label}>
      <Icon name={done ? "check" : "copy"} size={14} />
      <span className="visually-hidden" aria-live="polite">
        {done ? doneLabel : ""}
      </span>
    </button>
  );
}

/** Puts a text on the clipboard, also where the page is plain HTTP on another host and has no clipboard API. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused (permission, focus): the old way below may still work.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
